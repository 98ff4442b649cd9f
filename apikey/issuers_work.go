package apikey

// Slack says that tokens may have up to 255 characters, and that nobody should
// rely on their length.
func slackFormats() []*format {
	const docs = "docs.slack.dev/authentication/tokens"
	ids := func(prefix string, n int, last part) []part {
		list := []part{text(prefix)}
		for range n {
			list = append(list, part{class: numbers10, min: 9, max: 14, usual: 12}, text("-"))
		}
		return append(list, last)
	}
	list := []*format{
		form("bot token", docs+", "+gitleaks, ids("xo"+"xb-", 2, exactly(24, alnums))...),
		form("user token", docs+", "+gitleaks, ids("xo"+"xp-", 3, exactly(32, hexes))...),
		form("app token", docs+", "+gitleaks, text("xa"+"pp-"), exactly(1, numbers10), text("-"),
			between(9, 12, capitals), text("-"),
			between(10, 14, numbers10), text("-"), exactly(64, hexes)),
		form("rotated token", docs+", "+gitleaks, text("xo"+"xe.xo"), about(160, 100, 255, dotted)),
		form("refresh token", docs+", "+gitleaks, text("xo"+"xe-"), about(146, 100, 255, dotted)),
	}
	for _, k := range []string{"b", "p", "c", "d", "a", "r", "s", "o"} {
		list = append(list, form("token of another build", docs, text("xo"+"x"+k+"-"), about(60, 24, 255, hyphened)))
	}
	return append(list, form("webhook", gitleaks, text("https://hooks.slack.com/services/T"), between(8, 12, capitals),
		text("/B"), between(8, 12, capitals),
		text("/"), between(23, 25, alnums)))
}

// Mailgun's keys were hex, base 36 and 72 characters long, in turns.
func mailgunFormats() []*format {
	const apprise = "github.com/caronc/apprise issue 121"
	in3 := func(c *class) []part {
		return []part{exactly(32, c), text("-"), exactly(8, c), text("-"), exactly(8, c)}
	}
	return []*format{
		form("API key", apprise, in3(hexes)...).byMiddle(),
		form("key- key", truffles("mailgun"), text("key-"), exactly(32, base36s)).as(old).behind("mailgun", "mg.",
			"api:", "api_key", "api-key", "apikey", "authorization"),
		form("bare key", apprise, exactly(32, hexes)).as(old).behind("mailgun"),
		form("long key", truffles("mailgun"), exactly(72, hyphened)).as(old).behind("mailgun"),
		form("webhook signing key", gitleaks, in3(hexesToH)...).as(wrong).byMiddle(),
		form("public validation key", gitleaks, text("pubkey-"), exactly(32, base36s)).as(wrong),
	}
}

// workers are the providers of messages, documents, tasks and payments.
var workers = []*provider{
	{name: "mailgun", title: "Mailgun", doc: "private API keys; signing and public keys are told apart where their " +
		"shape differs", get: "app.mailgun.com/settings/api_security",
		formats: mailgunFormats(), expect: "32 hex digits, or 32-8-8"},
	{name: "slack", title: "Slack", get: "api.slack.com/apps", formats: slackFormats()},
	{name: "discord", title: "Discord", get: "discord.com/developers/applications", formats: []*format{
		form("bot token", truffles("discordbottoken")+", "+kingfisherNow,
			part{class: urlSafes, min: 23, max: 30, usual: 26}, text("."), exactly(6, urlSafes), text("."),
			about(38, 27, 45, urlSafes)).byMiddle(),
		form("webhook", kingfisherNow, text("https://discord.com/api/webhooks/"), between(17, 20, numbers10),
			text("/"), exactly(68, urlSafes))}},
	{name: "telegram", title: "Telegram", get: "t.me/BotFather", formats: []*format{
		form("bot token", inCode("telegram"), between(8, 10, numbers10), text(":AA"), exactly(33, urlSafes)).byMiddle(),
		form("bot token of another build", truffles("telegrambottoken"), between(8, 10, numbers10), text(":"),
			exactly(35, urlSafes)).as(old).unsought()}},
	{name: "twilio", title: "Twilio", get: "console.twilio.com", formats: []*format{
		form("API key", gitleaks, text("SK"), exactly(32, hexes)).behind("twilio", "sid"),
		form("auth token", truffles("twilio"), exactly(32, hexes)).behind("twilio"),
		form("account id", truffles("twilio"), text("AC"), exactly(32, hexes)).as(wrong).unsought()}},
	{name: "sendgrid", title: "SendGrid", get: "app.sendgrid.com/settings/api_keys", formats: []*format{
		form("API key", gitleaks, text("SG."), exactly(22, urlSafes), text("."), exactly(43, urlSafes))}},
	{name: "resend", title: "Resend", get: "resend.com/api-keys", formats: []*format{
		form("API key", inCode("resend"), text("re_"), about(33, 24, 64, words))}},
	{name: "notion", title: "Notion", get: "notion.so/profile/integrations", formats: []*format{
		form("integration token", gitleaks, text("ntn_"), exactly(11, numbers10), exactly(35, alnums)),
		form("older integration token", truffles("notion"), text("secret_"), exactly(43, alnums)).as(old),
		form("token of another length", newer, text("ntn_"), between(40, 100, alnums)).as(plausible)}},
	{name: "airtable", title: "Airtable", get: "airtable.com/create/tokens", formats: []*format{
		form("personal access token", gitleaks, text("pat"), exactly(14, alnums), text("."), exactly(64, hexes)),
		form("older API key", gitleaks, text("key"), exactly(14, alnums)).as(old).unsought()}},
	{name: "hubspot", title: "HubSpot", get: "app.hubspot.com/private-apps", formats: []*format{
		form("private app token", truffles("hubspot_apikey"),
			append([]part{text("pat-"), between(3, 4, base36s), text("-")}, uuid()...)...)}},
	{name: "shopify", title: "Shopify", get: "your shop: Settings, Apps", formats: []*format{
		form("Admin API token", gitleaks, text("shpat_"), exactly(32, anyHexes)),
		form("custom app token", gitleaks, text("shpca_"), exactly(32, anyHexes)),
		form("private app password", gitleaks, text("shppa_"), exactly(32, anyHexes)),
		form("shared secret", gitleaks, text("shpss_"), exactly(32, anyHexes))}},
	{name: "stripe", title: "Stripe", doc: "secret and restricted keys; publishable keys and webhook secrets are " +
		"told apart", get: "dashboard.stripe.com/apikeys", formats: []*format{
		form("secret key", gitleaks, text("sk_"+"live_"), about(99, 20, 247, alnums)),
		form("secret test key", gitleaks, text("sk_"+"test_"), about(99, 20, 247, alnums)),
		form("restricted key", gitleaks, text("rk_"+"live_"), about(99, 20, 247, alnums)),
		form("restricted test key", gitleaks, text("rk_"+"test_"), about(99, 20, 247, alnums)),
		form("public key", kingfisherNow, text("pk_"+"live_"), about(99, 20, 247, alnums)).as(wrong).unsought(),
		form("public test key", kingfisherNow, text("pk_"+"test_"), about(99, 20, 247, alnums)).as(wrong).unsought(),
		form("webhook secret", inCode("stripe"), text("whsec_"), about(32, 24, 100, padded)).as(wrong)}},
	{name: "clickup", title: "ClickUp", get: "app.clickup.com/settings/apps", formats: []*format{
		form("personal token", inCode("clickup"), text("pk_"), between(6, 10, numbers10), text("_"),
			exactly(32, capitals))}},
	{name: "todoist", title: "Todoist", get: "app.todoist.com/app/settings/integrations/developer", formats: []*format{
		form("API token", inCode("todoist"), exactly(40, hexes)).behind("todoist")}},
	{name: "asana", title: "Asana", get: "app.asana.com/0/my-apps", formats: []*format{
		form("personal access token", inCode("asana"), text("2/"), between(14, 18, numbers10), text("/"),
			between(14, 18, numbers10), text(":"), exactly(32, hexes)).unsought(),
		form("older token", inCode("asana"), exactly(1, numbers10), text("/"), between(14, 18, numbers10), text(":"),
			exactly(32, hexes)).as(old).unsought()}},
	{name: "dropbox", title: "Dropbox", get: "dropbox.com/developers/apps", formats: []*format{
		form("short-lived token", truffles("dropbox"), text("sl.u."), about(150, 100, 2000, urlSafes)),
		form("older short-lived token", truffles("dropbox"), text("sl."), about(140, 100, 2000, urlSafes)).as(old)}},
	{name: "contentful", title: "Contentful", get: "app.contentful.com/account/profile/cma_tokens", formats: []*format{
		form("management token", inCode("contentful"), text("CFPAT-"), exactly(43, urlSafes))}},
}
