// Package promise says what a server promises of the requests that it admits: a
// Promise is a list of laws, each a limit with its numbers, who shares it and what
// a request costs. An honest server admits a request exactly if every law that
// applies to it does.
//
// Most users want Parse, which reads a law as people write it ("30 per 10s sliding
// per session"). A planner asks a law's Meter what an honest server still holds;
// a judge asks Most for what no honest server exceeds.
//
// The package deliberately reads no files, no clock and no history, and judges
// nothing: instants are arguments, and package verdict holds calls against laws.
package promise
