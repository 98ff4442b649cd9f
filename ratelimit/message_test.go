package ratelimit

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseCountsRequests(t *testing.T) {
	cases := map[string]struct {
		body     string
		requests int
		batch    bool
	}{
		"request":       {`{"jsonrpc":"2.0","id":1,"method":"ping"}`, 1, false},
		"string id":     {`{"jsonrpc":"2.0","id":"x","method":"ping"}`, 1, false},
		"spaces":        {" \r\n\t{ \"id\" : 1 , \"method\" : \"ping\" } \n", 1, false},
		"notification":  {`{"jsonrpc":"2.0","method":"notifications/initialized"}`, 0, false},
		"null id":       {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, 0, false},
		"response":      {`{"jsonrpc":"2.0","id":1,"result":{}}`, 0, false},
		"error":         {`{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"method"}}`, 0, false},
		"nested method": {`{"jsonrpc":"2.0","id":1,"result":{"method":"ping","id":2}}`, 0, false},
		"batch": {`[{"id":1,"method":"a"},{"method":"b"},{"id":2,"result":0},{"id":3,"method":"c"}]`,
			2, true},
		"batch with junk":       {`[1,null,"x",[],{"id":1,"method":"a"}]`, 1, true},
		"empty batch":           {`[]`, 0, true},
		"another case":          {`{"ID":1,"Method":"ping"}`, 1, false},
		"twice, last null":      {`{"id":1,"method":"ping","id":null}`, 0, false},
		"twice, last set":       {`{"id":null,"method":"ping","id":1}`, 1, false},
		"escaped name":          {`{"\u0069d":1,"m\u0065thod":"ping"}`, 1, false},
		"odd id":                {`{"id":{},"method":"ping"}`, 1, false},
		"something behind":      {`{"id":1,"method":"ping"} x`, 1, false},
		"method is no string":   {`{"id":1,"method":7}`, 0, false},
		"cut off":               {`{"id":1,"method":"ping"`, 0, false},
		"empty":                 {``, 0, false},
		"no JSON":               {`hello`, 0, false},
		"no object":             {`7`, 0, false},
		"null":                  {`null`, 0, false},
		"not UTF-8 in the tail": {"{\"id\":1,\"method\":\"ping\",\"params\":\"\xff\"}", 1, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			messages, batch := parse([]byte(c.body))
			require.Equal(t, c.batch, batch)
			n := 0
			for _, m := range messages {
				if m.request() {
					n++
				}
			}
			require.Equal(t, c.requests, n)
		})
	}
}

// Whatever comes in, the refusal is JSON and carries the ids of the requests.
func FuzzRefusalOfAnyBody(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`,
		`[{"id":"\u0000","method":"a"},{"id":-1.5e-7,"method":"b"}]`,
		`{"id":{"a":[]},"method":"x"}`, `[[]]`, `{"id":1,"method":""}`, "\xff", `{"id":"\ud800","method":"m"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		messages, _ := parse(body)
		for _, m := range messages {
			if !m.request() {
				continue
			}
			for _, shape := range []Shape{HTTP429, FastMCP2, FastMCP4} {
				_, _, reply := Refuse(shape, m.Method, m.ID, refused)
				var back message
				require.NoError(t, json.Unmarshal(reply, &back), "%s", reply)
				if m.ID[0] == '"' || json.Unmarshal(m.ID, new(float64)) == nil {
					require.True(t, bytes.Equal(m.ID, back.ID), "%s became %s", m.ID, back.ID)
				}
			}
		}
	})
}
