// Package clock is a coarse clock: a loop reads the time once a turn and everything in that turn uses the value.
//
// Asking the system for the time costs more than handling a message, so it is never asked once per message.
//
// # Usage
//
//	clk := clock.New()
//	for {
//		now := clk.Refresh() // once a turn
//		…                    // timers, leases and back-off of this turn use now
//	}
//
// # Ownership
//
// One goroutine, the loop, calls [Coarse.Refresh]. Any goroutine may call [Coarse.Now]; it gets the time of the
// loop's latest turn, which is late by at most the length of a turn and never goes back.
//
// # Testing
//
// The time comes from package time, so inside a testing/synctest bubble the clock follows the bubble's time.
package clock
