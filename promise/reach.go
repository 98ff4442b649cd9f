package promise

import "time"

// Unreached says of a law that no request of this method and tool can ever be refused
// by it, and why: it isn't about such requests, or another law of the promise grants
// less of them at any time. Empty: one can.
func (p Promise) Unreached(x int, method, tool string) (why string) {
	l := p[x]
	if !l.Applies(method, tool) {
		if tool != "" {
			return "it isn't about " + method + " of " + tool
		}
		return "it isn't about " + method
	}
	for y, other := range p {
		if y != x && other.hides(l, method, tool) {
			return "another law grants less at any time: " + other.String()
		}
	}
	return ""
}

// hides reports if this law refuses every request before the other one can: it shares
// its counters among at least as many, charges whatever the other may charge, and
// grants less in all the time that the other remembers.
func (l Law) hides(other Law, method, tool string) bool {
	span := other.memory()
	if span == 0 || l.Kind == Cap || other.Lockout > 0 || other.Elastic || l.Wait > 0 {
		return false
	}
	for _, d := range l.Key {
		if !other.Key.Has(d) {
			return false
		}
	}
	_, most := other.Charge.Cost(method, tool)
	least, _ := l.Charge.Cost(method, tool)
	if least < most || other.Charge.Refused || l.Charge.Outcomes != All || other.Charge.Units != nil {
		return false
	}
	// What another method or tool may add to the other's counter this one must count too.
	if l.Charge.Methods != nil || l.Charge.May != nil || l.Charge.Free != nil || l.Charge.Tools != nil {
		return false
	}
	return l.Most(span) < float64(other.N)
}

// memory is the longest span over which a law adds requests up; 0 where there is none.
func (l Law) memory() time.Duration {
	switch l.Kind {
	case Window:
		return l.Refilled()
	case Quota:
		return l.Unit.Length()
	}
	return 0
}
