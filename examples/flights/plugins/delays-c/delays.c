/* Plugin delays-c does what delays does, in C: it tells each flight's delay to the airport it leaves from, and passes on
 * the flights that are late. */
#include <pelton.h>

static int64_t late_after = 15; /* minutes; more is late */

static pelton_verdict handle(const pelton_message *m, pelton_out out)
{
	int64_t delay;
	if (!pelton_int(pelton_field(m, "delay"), &delay))
		return pelton_dead("delay is not a number of minutes");
	bool late = delay > late_after;
	pelton_buffer event = {0};
	pelton_puts(&event, "{\"delay\":");
	pelton_put_int(&event, delay);
	pelton_puts(&event, late ? ",\"late\":true}" : ",\"late\":false}");
	pelton_emit(out, "airports", m->key, pelton_built(&event));
	if (late)
		pelton_emit(out, "late", m->key, m->payload);
	return pelton_ack();
}

PELTON_PLUGIN {
	.handle = handle,
	.outputs = {{"airports"}, {"late"}},
	.config = {PELTON_SETTING("late_after", &late_after)},
};
