// Reads a stream along, from an offset on: yields {text, offset} as it grows, and returns when the stream was closed. A
// connection that breaks, or a wheel that is away, is waited for; nothing is given twice. Whoever keeps text and offset
// together can go on from there after a reload.
export async function* follow(url, { offset = "-1", signal, fetch = globalThis.fetch } = {}) {
	for (let wait = 100; ; ) {
		let res
		let text
		try {
			res = await fetch(`${url}?offset=${encodeURIComponent(offset)}&live=long-poll`, { signal, cache: "no-store" })
			text = await res.text() // whole, or nothing of it counts
		} catch (err) {
			if (signal?.aborted) return
			res = undefined
		}
		if (!res || res.status >= 500 || res.status === 429) {
			await new Promise((done) => setTimeout(done, wait))
			wait = Math.min(2 * wait, 5000)
			continue
		}
		if (res.status >= 400) throw new Error(`${res.status} ${text}`) // 404: deleted, 410: trimmed
		wait = 100
		offset = res.headers.get("Stream-Next-Offset")
		if (text) yield { text, offset }
		if (res.headers.get("Stream-Closed") === "true") return
	}
}
