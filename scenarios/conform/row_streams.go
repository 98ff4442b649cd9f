package conform

import (
	"slices"
	"strings"
)

// streamRows are about event streams.
func streamRows() []Row {
	web := []string{HTTP}
	return []Row{
		{ID: "H22", Area: Transport, Level: Should, From: R2026, On: web, Section: "basic/transports/streamable-http " +
			"§Receiving Messages", Effect: Sends,
			Says: "ends the stream of a response behind the response", Watch: streamsEnd},
		{ID: "H23", Area: Transport, Level: Should, From: R2026, On: web, Section: "basic/transports/streamable-http " +
			"§Receiving Messages", Effect: Sends,
			Says: "asks proxies with X-Accel-Buffering not to hold its streams back", Watch: streamsFlow},
		{ID: "H25", Area: Transport, Level: Must, From: R2503, To: R2511, On: web, Section: "basic/transports " +
			"§Resumability and Redelivery", Effect: Sends,
			Says: "gives no id to two events of a session, on whatever streams", Watch: eventsAreUnique},
		// The text says that it must name one, and later ones that clients look for it first.
		{ID: "H31", Area: Transport, Level: Practice, To: R2411, On: []string{SSE}, Section: "basic/transports " +
			"§HTTP with SSE; since 2025-03-26 §Backwards Compatibility", Effect: Sessions,
			Says: "names the address for posting with the first event of its stream", Check: namesItsEndpoint},
	}
}

// streams are the exchanges of the trial's era that were answered by an event stream.
func (t *Trial) streams() []*Exchange {
	return slices.DeleteFunc(slices.Clone(t.exchanges), func(e *Exchange) bool {
		return e.Reply.Media() != "text/event-stream" || e.Request.Verb != "" || e.Request.Streams || !t.ofThisEra(e)
	})
}

func streamsEnd(t *Trial) Answer {
	n := 0
	for _, e := range t.streams() {
		if !e.OK() {
			continue
		}
		if n++; e.Reply.Open {
			return fail(e, "the stream is still open behind the response")
		}
	}
	if n == 0 {
		return needs("a server that answers by event streams", "no request was answered by an event stream")
	}
	return pass("%d streams", n)
}

func streamsFlow(t *Trial) Answer {
	list := t.streams()
	for _, e := range list {
		if !strings.EqualFold(e.Reply.Header.Get("X-Accel-Buffering"), "no") {
			return fail(e, "the X-Accel-Buffering of a stream is %s", excerpt(e.Reply.Header.Get("X-Accel-Buffering")))
		}
	}
	if len(list) == 0 {
		return needs("a server that answers by event streams", "no request was answered by an event stream")
	}
	return pass("%d streams", len(list))
}

func eventsAreUnique(t *Trial) Answer {
	type event struct {
		of   *Exchange
		data string
	}
	met := map[string]event{}
	for _, e := range t.streams() {
		session := e.Request.Header.Get("Mcp-Session-Id")
		if session == "" {
			continue // whose they are isn't said
		}
		for _, one := range e.Reply.Events {
			if one.ID == "" || one.Bare {
				continue
			}
			key := session + "\n" + one.ID
			switch before := met[key]; {
			case before.of != nil && before.of != e:
				return fail(e, "two streams of a session have an event with the id %s", excerpt(one.ID)).
					showing(before.of, e)
			case before.data != "" && one.Data != "" && before.data != one.Data: // the same may be sent again
				return fail(e, "two events of a stream have the id %s", excerpt(one.ID))
			}
			met[key] = event{e, one.Data}
		}
	}
	if len(met) < 2 {
		return needs("a server whose events have ids", "no two events of a session had an id")
	}
	return pass("%d events", len(met))
}

// An Opener is a line that begins with an event stream. It says what came before the
// address for posting; empty: nothing.
type Opener interface{ Before() string }

func namesItsEndpoint(t *Trial) Answer {
	l, ok := t.main.line.(Opener)
	if !ok {
		return skip("there is no stream to begin with")
	}
	if a := t.works(t.main); a != nil {
		return *a
	}
	if before := l.Before(); before != "" {
		return fail(t.main.opened, "before the address for posting came %s", excerpt(before))
	}
	return pass("it is the first event")
}
