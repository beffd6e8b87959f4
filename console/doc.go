// Package console is the page that the wheel serves at /: what flows, what is stuck and why, live, in a browser.
//
//	browser ── / ───────────────────────▶ console.Handler: embedded files, the same for every wheel
//	        ── /v1/stats once a second ─▶ api: every figure on the page
//	        ── /v1/topology, /v1/plugins ─▶ what changes rarely
//	        ── pelton.v1.* by Connect ──▶ lists, and all that is done, with a reason
//	        ── /v1/sessions/…/events ───▶ api/sse: the session that is followed
//
// The page is plain HTML, CSS and ES modules: what is in web/ is what runs, without a build step and without anything
// from elsewhere, so it works offline. It is a client of the API like any other and knows no more than it.
//
//	main      boots, and gives each set of figures to all parts
//	pages     which page the address names
//	link      asks for the figures; loading, up, down, hidden
//	history   figures over time; rates are differences of counters, the only thing that the page counts
//	problems  what is stuck and why, in words
//	graph     where the boxes and lines of the picture lie
//	wheel     draws the picture; charts, tables and histogram draw the other figures
//	plugin    the page of one plugin: figures, history, log; rollout draws how a version comes in
//	swap      what is done to a plugin; ask is the dialog that it and letters ask by
//	letters   dead letters and parked deliveries; audit the log of who did what, events what happened
//	tap       shows messages as they pass a place
//	config    shows what runs, plans another config and applies exactly that
//	finder    finds a session, follow follows it, diff compares two snapshots
//	dom       builds elements; text is always text, never markup
//
// # Usage
//
//	handler := web.NewHandler(svc, web.Options{Console: console.Handler()})
//
// # Ownership
//
// The handler's files are read once and never change; requests share them.
//
// # Failure
//
// A path that has no file is answered 404 with a page that leads back. When the wheel does not answer, the page says
// so, greys its figures, asks again and goes on: sessions by their cursor, so that nothing is shown twice (S1).
//
// # Testing
//
// Every name of a figure that the page uses is looked up in api.Stats, so that the two cannot drift apart. In browser/ is
// the page in a real browser on real wheels: `npm test` there, or .ci/steps/65-console.sh, which installs what it needs.
package console
