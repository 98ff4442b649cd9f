# Turns nginx's log in JSON (log_format in docs/VERIFY.md) into calls. nginx logs whole
# milliseconds, so each call is taken to be one wider at either end.
{received_ns: ((.end + 0.001) * 1e9 | floor), sent_ns: ((.end - .took - 0.001) * 1e9 | floor), client: .who, outcome: (if .status == "429" then "limited" elif .status | test("^[123]") then "admitted" else "unknown" end)}
