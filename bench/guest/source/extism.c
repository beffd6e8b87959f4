// The benchmark's guest for Extism in C, on its host functions, without its development kit. It reads the input in words
// of 8 bytes, as the kit does, and the operations are three exports.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("extism:host/env"), import_name(#name)))

IMPORT(input_length) u64 input_length(void);
IMPORT(input_load_u8) u8 input_load_u8(u64 at);
IMPORT(input_load_u64) u64 input_load_u64(u64 at);

static u32 odd(u64 n) {
	u32 total = 0;
	u64 i = 0;
	for (; i + 8 <= n; i += 8) {
		u64 word = input_load_u64(i);
		for (u32 b = 0; b < 8; b++) total += (u8)(word >> (8 * b));
	}
	for (; i < n; i++) total += input_load_u8(i);
	return total & 1;
}

EXPORT(noop) u32 noop(void) { return 0; }

EXPORT(head) u32 head(void) {
	u64 n = input_length();
	return odd(n < 64 ? n : 64);
}

EXPORT(sum) u32 sum(void) { return odd(input_length()); }
