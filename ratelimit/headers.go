package ratelimit

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of the IETF's draft-ietf-httpapi-ratelimit-headers, as its version 11
// has them.
const (
	policyHeader   = "RateLimit-Policy"
	standingHeader = "RateLimit"
)

// Policy is the limit as an item of the RateLimit-Policy header:
//
//	"sliding";q=30;w=10
//
// A client may read q and w as "q in w seconds". A window that is no whole number of
// seconds has no w, because no whole number would be true. A bucket's w is the whole
// seconds in which it is nearly full again: never more than twice q fit in those, and a
// refusal comes after q or more in twice those.
func (l *Limit) Policy() string {
	text := `"` + l.name() + `";q=` + strconv.Itoa(l.most())
	switch {
	case l.Kind == Cap:
		return text + `;qu="concurrent-requests"`
	case l.Kind == Bucket:
		if w := int64(float64(l.Burst) / l.Rate); w > 0 {
			return text + ";w=" + strconv.FormatInt(w, 10)
		}
	case l.Every%time.Second == 0:
		return text + ";w=" + strconv.FormatInt(int64(l.Every/time.Second), 10)
	}
	return text
}

// String is the standing as an item of the RateLimit header:
//
//	"sliding";r=29;t=10
//
// t is rounded up: after that many seconds there is more than r, if nobody takes it.
func (s Standing) String() string {
	text := `"` + s.Limit.name() + `";r=` + strconv.Itoa(s.Remaining)
	if s.Next > 0 && s.Next != Never {
		text += ";t=" + strconv.FormatInt(roundUp(s.Next, time.Second), 10)
	}
	return text
}

// SetHeaders says in RateLimit and RateLimit-Policy where limits stand. Handlers of
// this package do it by themselves; it is for servers with a transport of their own.
// Limits that don't count a request aren't named.
func SetHeaders(h http.Header, standings []Standing) {
	if len(standings) == 0 {
		return
	}
	var policies, items []string
	for _, s := range standings {
		policies = append(policies, s.Limit.Policy())
		items = append(items, s.String())
	}
	h.Set(policyHeader, strings.Join(policies, ", "))
	h.Set(standingHeader, strings.Join(items, ", "))
}
