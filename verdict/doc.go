// Package verdict judges a history against a promise, and shows the calls that
// prove it. It is pure: no clock, no I/O, no arithmetic shared with any limiter.
//
// Most users want JudgeLimit, which holds a recorded history against a limit, or
// Evidence, which measures a limit that nobody declared. What a run with
// scenarios found goes through Judge: its Setting says what is asked, and each
// Check is a value that looks at a Trial, one scenario's part of the history.
//
// # What is certain of a call
//
// The server decided each call at an instant that nobody saw. Only this is
// certain: it lies between Sent, just before the request was written, and
// Received, just after the reply was read. A history is faulted only if no
// choice of the unseen instants explains it, the reasoning of linearizability
// checking (Herlihy and Wing, "Linearizability: a correctness condition for
// concurrent objects", 1990). So no delay can make a false alarm.
//
// A passing history of a bucket with 1 token/s and a burst of 2:
//
//	call 1  ├─●─┤                          admitted
//	call 2    ├──●──┤                      admitted
//	call 3      ├────×────┤                refused: the bucket was empty
//	call 4                  ├─────────●─┤  admitted: a second has passed
//	        0s                          1s
//
// A failing one. Calls 1, 2 and 3 were certainly decided within 0.2 s, in which
// the bucket can grant 2 + 0.2 tokens at most. They are the witness:
//
//	call 1  ├─●─┤                          admitted
//	call 2    ├──●──┤                      admitted
//	call 3      ├──●─┤                     admitted
//	        0s       0.2s
//
// Had call 3 taken until 1 s to be answered it would prove nothing: it may have
// been decided then.
//
// # What the package doesn't do
//
// It doesn't guess. Where the calls could not have told, the verdict is
// Inconclusive, which is never a pass. It knows no transport, and of errors only
// that they may or may not have cost a token.
package verdict
