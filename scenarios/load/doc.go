// Package load plans general traffic and measures what came of it: when each
// request is due (a Shape), what it asks (a Plan), and the latency, throughput
// and resources that were seen (Metrics), in memory that doesn't grow with the
// run.
//
// Most users want ParseShape, ReadPlan and Plan.Arrivals, which together are a
// run's whole traffic, pure and repeatable, and NewMetrics, which takes in
// each call as it ends.
//
// The package deliberately sends nothing, waits for nothing and reads no
// clock: the runner does. It knows no limit either: what a rate limit allows
// is judged by package verdict.
package load
