package conform

import "slices"

// severalRows are about several requests at a time.
func severalRows() []Row {
	return []Row{
		{ID: "R09", Area: Messages, Level: Must, From: R2503, To: R2503, On: []string{HTTP, Stdio},
			Section: "basic §Batching", Effect: Sends,
			Says: "runs batches, and answers each request of one", Answered: true, Check: runsBatches},
		{ID: "R14", Area: Messages, Level: Must, Section: "basic §Requests, §Responses", Effect: Sends,
			Says: "answers each of eight requests at once, and each once", Answered: true, Check: answersEach},
	}
}

func runsBatches(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	one, two := t.harmless(t.main), t.harmless(t.main)
	note := t.main.spelt("", "notifications/cancelled", map[string]any{"requestId": "mcpload-none"})
	r := one
	r.Body = []byte("[" + string(one.Body) + "," + string(note.Body) + "," + string(two.Body) + "]")
	r.Await = two.Await
	if t.Transport != HTTP {
		r.Within = min(4*t.soon(), t.Timeout)
	}
	before := len(t.exchanges)
	e, dead := t.provoke(t.main, r)
	if dead != nil {
		return *dead
	}
	for _, later := range t.exchanges[before+1:] { // answers may come in any order
		e.Reply.Messages = append(e.Reply.Messages, later.Reply.Messages...)
	}
	for _, id := range []string{one.Await, two.Await} {
		if m := e.Reply.Answer(id); m == nil || m.HasErr {
			return fail(e, "of a batch of two requests and a notification the request with the id %s has no result", id)
		}
	}
	return pass("both requests of a batch have a result")
}

// atOnce is how many requests are sent at a time.
const atOnce = 8

func answersEach(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	requests := make([]Request, atOnce)
	for k := range requests {
		requests[k] = t.harmless(t.main)
	}
	var got []*Exchange
	if t.Transport == Stdio { // one after the other, and nothing is awaited between
		r := requests[0]
		for _, next := range requests[1:] {
			r.Body = append(append(slices.Clone(r.Body), '\n'), next.Body...)
		}
		r.Await = requests[atOnce-1].Await
		got = append(got, t.Send(r), t.Send(t.harmless(t.main)))
		missing := func(r Request) bool { return answersOf(got)[r.Await] == 0 }
		for k := 0; k < atOnce && slices.ContainsFunc(requests, missing); k++ { // one may overtake another
			got = append(got, t.Send(t.harmless(t.main)))
		}
	} else {
		got = t.sendAll(requests, nil)
	}
	n := answersOf(got)
	for k, r := range requests {
		switch n[r.Await] {
		case 1:
		case 0:
			if spoilt(got, false, false) != nil || t.Transport != HTTP {
				return skip("not all of %d requests at once were answered in time", atOnce)
			}
			if got[k].Reply.Status >= 400 { // one that is refused unread has no id
				return skip("of %d requests at once one is refused: %s", atOnce, got[k].words())
			}
			return fail(got[k], "of %d requests at once the one with the id %s has no answer", atOnce, r.Await)
		default:
			return fail(got[0], "of %d requests at once the one with the id %s has %d answers", atOnce, r.Await,
				n[r.Await])
		}
	}
	return pass("%d requests at once have an answer each", atOnce)
}

// answersOf counts the answers that came, by the request's id.
func answersOf(got []*Exchange) map[string]int {
	n := map[string]int{}
	for _, e := range got {
		for _, m := range e.Reply.Messages {
			if m.Answers() {
				n[string(m.ID)]++
			}
		}
	}
	return n
}
