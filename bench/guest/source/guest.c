// The benchmark's guest in C, on the raw ABI of docs/abi.md. Config {"op": …}:
//   noop   acks
//   head   acks if the sum of the first 64 bytes is even, else asks for a retry
//   sum    the same over all bytes
//   filter emits the JSON object with one field more if its field "value" is over 50
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("pelton"), import_name(#name)))

IMPORT(declare) u32 declare(const char *name, u32 length, const char *type, u32 type_length);
IMPORT(field) u32 field(const char *name, u32 length);
IMPORT(emit) u32 emit(u32 delivery, u32 output, const void *key, u32 key_length, const void *payload, u32 length, const char *type, u32 type_length);

typedef struct {
	u32 payload, length, key, key_length, attempt, defers;
	u64 time, first, position;
	u32 after, fields, field_count, reserved;
	u32 decision, flags;
	u64 nanos;
	u32 reason, reason_length;
} descriptor;

typedef struct { u32 offset, length, kind; } entry;

_Static_assert(sizeof(descriptor) == 88, "docs/abi.md");

enum { ACK = 1, RETRY = 2 };

extern u8 __heap_base;
static u8 op;
static u32 value, output;
static u8 out[1 << 20];

EXPORT(pelton_abi) u32 pelton_abi(void) { return 1; }

EXPORT(pelton_window) u32 pelton_window(u32 size) {
	u32 base = ((u32)&__heap_base + 15) & ~15u;
	u32 have = __builtin_wasm_memory_size(0) << 16;
	if (base + size > have && __builtin_wasm_memory_grow(0, (base + size - have + 0xFFFF) >> 16) == -1) __builtin_trap();
	return base;
}

EXPORT(pelton_init) u32 pelton_init(const u8 *config, u32 length) {
	static const char key[] = "\"op\":\"";
	for (u32 i = 0; i + sizeof key - 1 < length; i++) {
		u32 n = 0;
		while (n < sizeof key - 1 && config[i + n] == key[n]) n++;
		if (n == sizeof key - 1) op = config[i + n];
	}
	output = declare("default", 7, "application/json", 16);
	value = field("value", 5);
	return 1;
}

// over50 reads a decimal number without a sign.
static int over50(const u8 *text, u32 length) {
	double number = 0, scale = 1;
	u32 i = 0;
	for (; i < length && text[i] != '.'; i++) number = number * 10 + (text[i] - '0');
	for (i++; i < length; i++) number += (text[i] - '0') * (scale /= 10);
	return number > 50;
}

static void filter(u32 i, const descriptor *d, const u8 *refs) {
	static const char more[] = ",\"level\":\"high\"}";
	const u8 *payload = refs + d->payload;
	const entry *e = (const entry *)(refs + d->fields) + value;
	if (value >= d->field_count || e->kind != 3 || d->length + sizeof more > sizeof out) __builtin_trap();
	if (!over50(payload + e->offset, e->length)) return;
	u32 end = d->length - 1; // the object's last brace
	__builtin_memcpy(out, payload, end);
	__builtin_memcpy(out + end, more, sizeof more - 1);
	emit(i, output, 0, 0xFFFFFFFF, out, end + sizeof more - 1, 0, 0);
}

static u32 sum(const u8 *bytes, u32 n) {
	u32 total = 0;
	for (u32 i = 0; i < n; i++) total += bytes[i];
	return total;
}

EXPORT(pelton_handle) u32 pelton_handle(u8 *refs, u32 n) {
	descriptor *all = (descriptor *)refs;
	for (u32 i = 0; i < n; i++) {
		descriptor *d = &all[i];
		if (d->after != 0xFFFFFFFF && all[d->after].decision != ACK) continue;
		u32 odd = 0;
		switch (op) {
		case 'h': odd = sum(refs + d->payload, d->length < 64 ? d->length : 64) & 1; break;
		case 's': odd = sum(refs + d->payload, d->length) & 1; break;
		case 'f': filter(i, d, refs);
		}
		d->decision = odd ? RETRY : ACK;
	}
	return 0;
}
