// Reads an answer as the page does, with reloads: each life keeps what it showed, and the next one goes on from there.
// Prints what was shown in the end. node check.mjs APP QUESTION
import { follow } from "./follow.js"

const [app, question] = process.argv.slice(2)
const res = await fetch(`${app}/ask`, { method: "POST", body: question })
const { stream } = await res.json()
let kept = JSON.stringify({ text: "", offset: "-1" })
let lives = 0
for (let done = false; !done; lives++) {
	const life = new AbortController()
	let shown = JSON.parse(kept)
	let pieces = 0
	done = true
	for await (const more of follow(app + stream, { offset: shown.offset, signal: life.signal })) {
		shown = { text: shown.text + more.text, offset: more.offset }
		kept = JSON.stringify(shown)
		if (++pieces === 20) {
			life.abort()
			done = false
			break
		}
		if (pieces === 3 && lives === 1) console.error("kill it now")
	}
}
console.error(`${lives} lives`)
console.log(JSON.parse(kept).text)
