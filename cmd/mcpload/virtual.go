package main

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/virtual"
)

// runVirtual takes the job through the line in virtual time: the same plan,
// runner and judge, a limiter's pure core for the server, and simulated delays
// for the network.
func (j job) runVirtual(ctx context.Context) outcome {
	out := outcome{server: j.describe()}
	out.server.Target.Transport, out.server.Target.Protocol = "virtual", ""
	limiter, err := mock.NewLimiter(j.mock.Profile.Limit, j.mock.Fault, j.mock.Charge, j.seed)
	if err != nil {
		out.fail(err)
		return out
	}
	clock := virtual.NewClock()
	server := &virtual.Server{
		Clock: clock, There: j.virtual, Back: j.virtual,
		Rand:    rand.New(rand.NewPCG(j.seed, salt(j.profile.Name))),
		Timeout: j.options.Timeout,
		Decide: func(at time.Duration, a history.Arrival) virtual.Reply {
			return virtualReply(limiter.Decide(mock.Request{At: at, Client: a.Client, Conn: a.Client, Method: a.Method, Tool: a.Tool}))
		},
	}
	calls, err := runner.Run(ctx, clock, server, slices.Values(j.plan(clientNames)), runner.Config{GiveUp: giveUp})
	out.calls = calls
	out.note(err)
	out.judge(j)
	return out
}

// salt gives each server delays of its own.
func salt(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	return h.Sum64()
}

// virtualReply turns what the mock decides into what the wire would make of
// the reply that it sends.
func virtualReply(a mock.Answer) virtual.Reply {
	switch {
	case a.Dead:
		return virtual.Reply{Outcome: history.Broken, Detail: "connection refused"}
	case a.Mute:
		return virtual.Reply{Lost: true}
	case a.WrongID:
		return virtual.Reply{Outcome: history.Broken, Detail: history.WrongID + "an id that nobody sent"}
	case a.Duplicate:
		return virtual.Reply{Outcome: history.Broken, Detail: history.TwoReplies}
	case a.Limited && !a.AsSuccess && a.RetryAfter == ratelimit.Never:
		return virtual.Reply{Outcome: history.Limited} // no header can say that
	case a.Limited && !a.AsSuccess:
		return virtual.Reply{Outcome: history.Limited, RetryAfter: a.RetryAfter}
	}
	return virtual.Reply{Outcome: history.OK}
}
