/* Plugin reducer is the suite reducer of package actortest, as a C guest: its doc describes the commands. */
#include "pelton.h"

static pelton_bytes fail;
static volatile uint64_t counter;

static const char *start(void)
{
	if (!fail.size)
		return NULL;
	pelton_buffer words = {0};
	pelton_put(&words, fail);
	*pelton_room(&words, 1) = 0;
	return words.data;
}

static bool fold(pelton_bytes key, pelton_bytes state, pelton_bytes emit, pelton_bytes *next)
{
	(void)key;
	uint32_t space = 0;
	while (space < emit.size && emit.data[space] != ' ')
		space++;
	pelton_bytes word = {emit.data, space}, rest = {NULL, 0};
	if (space < emit.size)
		rest = (pelton_bytes){emit.data + space + 1, emit.size - space - 1};
	int64_t n = 0, old = 0;
	if (pelton_is(word, "refuse")) {
		*next = rest;
		return false;
	}
	if (pelton_is(word, "trap"))
		pelton_panic("the reducer's trap");
	if (pelton_is(word, "loop"))
		for (;;)
			counter++;
	if (pelton_is(word, "hog"))
		for (;;) {
			volatile char *b = pelton_keep(1 << 20);
			for (uint32_t i = 0; i < 1 << 20; i += 4096)
				b[i] = 1;
		}
	if (pelton_is(word, "big")) {
		pelton_int((pelton_value){PELTON_NUMBER, rest}, &n);
		*next = (pelton_bytes){memset(pelton_scratch((uint32_t)n), 'x', (size_t)n), (uint32_t)n};
		return true;
	}
	if (!pelton_int((pelton_value){PELTON_NUMBER, word}, &n)) {
		*next = pelton_text("it is no number");
		return false;
	}
	pelton_int((pelton_value){PELTON_NUMBER, state}, &old);
	pelton_buffer b = {0};
	pelton_put_int(&b, old + n);
	*next = pelton_built(&b);
	return true;
}

PELTON_PLUGIN { .reduce = fold, .config = {PELTON_SETTING("fail", &fail)}, .start = start };
