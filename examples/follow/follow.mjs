// Follows a session by server-sent events, in a browser, or in Node 20 and newer:
//
//	node follow.mjs URL NAME KEY [CURSOR [COUNT]]
//
// follow() yields {cursor, payload} of every snapshot after a cursor, and {gap} where the wheel says that some are missing. It
// comes back by itself, after the last cursor that it has, when the connection breaks or the wheel is away. Keep the cursor
// with what you made of the snapshot. (A browser's own EventSource does as much, but starts over after a reload.)

export async function* follow(base, name, key, { cursor = "", signal, fetch = globalThis.fetch } = {}) {
	const url = `${base}/v1/sessions/${encodeURIComponent(name)}/${encodeURIComponent(key)}/events?on_gap=reset&after=`
	for (let wait = 100; ; wait = Math.min(2 * wait, 5000)) {
		try {
			const res = await fetch(url + encodeURIComponent(cursor), { signal, headers: { Accept: "text/event-stream" } })
			for await (const e of events(res.body)) {
				wait = 100
				const data = JSON.parse(e.data)
				if (e.event === "snapshot") yield { cursor: (cursor = e.id), payload: data }
				else if (e.event === "gap") yield { cursor: (cursor = e.id), gap: data }
				else if (e.event === "closed" && data.final) return
				else if (e.event === "error" && !["UNAVAILABLE", "RESOURCE_EXHAUSTED"].includes(data.code)) throw new Refused(data.message)
			}
		} catch (err) {
			if (err instanceof Refused) throw err
			if (signal?.aborted) return
		}
		await new Promise((done) => setTimeout(done, wait))
	}
}

class Refused extends Error {}

// events reads the lines of an event stream.
async function* events(body) {
	let rest = ""
	let e = { event: "", id: "", data: [] }
	for await (const text of body.pipeThrough(new TextDecoderStream())) {
		const lines = (rest + text).split("\n")
		rest = lines.pop()
		for (const line of lines) {
			const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line)
			if (field === "data") e.data.push(value)
			else if (field === "event" || field === "id") e[field] = value
			else if (line === "" && e.event) {
				yield { ...e, data: e.data.join("\n") }
				e = { event: "", id: "", data: [] }
			}
		}
	}
}

if (globalThis.process?.argv[1]?.endsWith("follow.mjs")) {
	const [base, name, key, cursor = "", count = "Infinity"] = process.argv.slice(2)
	let left = Number(count)
	for await (const s of follow(base, name, key, { cursor })) {
		if (s.gap) console.error(`missing: after ${s.gap.from} up to ${s.gap.to}`)
		else console.log(s.cursor, JSON.stringify(s.payload))
		if (!s.gap && --left === 0) break
	}
	process.exit()
}
