package apikey

// offices are the providers of payments, customers, calendars, letters and chains.
var offices = lately([]*provider{
	{name: "square", title: "Square", get: "developer.squareup.com/apps", formats: []*format{
		form("access token", gitleaks+", "+truffles("square"), text("EAAA"), exactly(60, urlSafes)).behind("square"),
		form("older access token", kingfisherNow, text("sq0atp-"), exactly(22, urlSafes)).as(old),
		form("OAuth secret", gitleaks, text("sq0csp-"), exactly(43, urlSafes)),
		form("application id", kingfisherNow, text("sq0idp-"), exactly(22, urlSafes)).as(wrong).unsought()}},
	{name: "plaid", title: "Plaid", get: "dashboard.plaid.com/developers/keys", formats: []*format{
		form("secret", truffles("plaidkey"), exactly(30, hexes)).behind("plaid"),
		form("production token", truffles("plaidkey"), append([]part{text("access-production-")}, uuid()...)...),
		form("sandbox token", truffles("plaidkey"), append([]part{text("access-sandbox-")}, uuid()...)...),
		form("client id", truffles("plaidkey"), exactly(24, hexes)).as(wrong).unsought()}},
	{name: "paddle", title: "Paddle", get: "vendors.paddle.com/authentication-v2", formats: []*format{
		form("API key", paddleDocs, paddle("pdl_live_apikey_")...),
		form("sandbox key", paddleDocs, paddle("pdl_sdbx_apikey_")...),
		form("older API key", paddleDocs, exactly(50, base36s)).as(old).behind("paddle")}},
	{name: "lemonsqueezy", title: "Lemon Squeezy", get: "app.lemonsqueezy.com/settings/api", formats: []*format{
		form("API key", truffles("lemonsqueezy"), threeParts()...).byMiddle()}},
	{name: "razorpay", title: "Razorpay", get: "dashboard.razorpay.com/app/keys", formats: []*format{
		form("key secret", truffles("razorpay"), exactly(24, alnums)).behind("razorpay"),
		form("key id", truffles("razorpay"), text("rzp_live_"), exactly(14, alnums)).as(wrong).unsought(),
		form("test key id", inCode("razorpay"), text("rzp_test_"), exactly(14, alnums)).as(wrong).unsought()}},
	{name: "coinbase", title: "Coinbase", get: "portal.cdp.coinbase.com/access/api", formats: []*format{
		form("Ed25519 secret", "docs.cdp.coinbase.com authentication", exactly(86, stdBase64),
			text("==")).behind("coinbase", "cdp_"),
		form("EC secret", "docs.cdp.coinbase.com authentication", text(pemBegin+"EC PRIVATE KEY-----"), about(200, 100,
			2000, pemLines)).alsoOthers(),
		form("older API secret", kingfisherNow, exactly(32, alnums)).as(old).behind("coinbase")}},
	{name: "alchemy", title: "Alchemy", get: "dashboard.alchemy.com/apps", formats: []*format{
		form("API key", truffles("alchemy"), exactly(32, urlSafes)).behind("alchemy"),
		form("auth token", truffles("alchemy"), text("alcht_"), exactly(30, alnums)), looser()}},
	{name: "etherscan", title: "Etherscan", get: "etherscan.io/apidashboard", formats: []*format{
		form("API key", truffles("etherscan"), exactly(34, capitals)).behind("etherscan")}},
	{name: "trello", title: "Trello", doc: "tokens of Trello, and the keys of its applications",
		get: "trello.com/power-ups/admin", formats: []*format{
			form("token", inCode("trello"), text("ATTA"), about(72, 40, 200, alnums)).behind("trello"),
			form("older token", truffles("trelloapikey"), exactly(64, hexes)).as(old).behind("trello"),
			form("key", truffles("trelloapikey"), exactly(32, hexes)).behind("trello")}},
	{name: "intercom", title: "Intercom", get: "app.intercom.com/a/apps/_/developer-hub", formats: []*format{
		form("access token", truffles("intercom"), text("dG9rO"), about(55, 50, 80, padded)).behind("intercom")}},
	{name: "monday", title: "monday.com", get: "auth.monday.com, Developers, API token", formats: []*format{
		form("API token", truffles("monday"), threeParts()...).byMiddle()}},
	{name: "zendesk", title: "Zendesk", get: "your Zendesk: Apps and integrations, API tokens", formats: []*format{
		form("API token", truffles("zendeskapi"), exactly(40, alnums)).behind("zendesk"), looser()}},
	{name: "postmark", title: "Postmark", get: "account.postmarkapp.com/api_tokens", formats: []*format{
		form("token", truffles("postmark"), uuid()...).behind("postmark")}},
	{name: "brevo", title: "Brevo", get: "app.brevo.com/settings/keys/api", formats: []*format{
		form("API key", gitleaks, text("xkeysib-"), exactly(64, hexes), text("-"), exactly(16, alnums)),
		form("SMTP key", inCode("brevo"), text("xsmtpsib-"), exactly(64, hexes), text("-"),
			exactly(16, alnums)).as(wrong)}},
	{name: "mailchimp", title: "Mailchimp", get: "admin.mailchimp.com/account/api", formats: []*format{
		form("API key", truffles("mailchimp"), exactly(32, hexes), text("-us"), between(1, 2,
			numbers10)).behind("mailchimp")}},
	{name: "telnyx", title: "Telnyx", get: "portal.telnyx.com/#/app/api-keys", formats: []*format{
		form("API key", truffles("telnyx"), text("KEY"), exactly(55, urlSafes)).behind("telnyx")}},
	{name: "typeform", title: "Typeform", get: "admin.typeform.com/user/tokens", formats: []*format{
		form("personal access token", truffles("typeform"), text("tfp_"), about(44, 40, 100, words))}},
	{name: "miro", title: "Miro", get: "miro.com/app/settings/user-profile/apps", formats: []*format{
		form("access token", inCode("miro"), text("ey"+"JtaXJvLm9yaWdpbiI6"), about(40, 30, 120, urlSafes)),
		form("older access token", truffles("miro"), exactly(27, urlSafes)).as(old).behind("miro_", "miro-", "miro.")}},
	{name: "calendly", title: "Calendly", get: "calendly.com/integrations/api_webhooks", formats: []*format{
		form("personal access token", truffles("calendlyapikey"), threeParts()...).byMiddle()}},
	{name: "calcom", title: "Cal.com", get: "app.cal.com/settings/developer/api-keys", formats: []*format{
		form("API key", inCode("calcom"), text("cal_live_"), about(32, 20, 80, alnums)),
		form("test key", inCode("calcom"), text("cal_test_"), about(32, 20, 80, alnums)),
		form("key of an own server", newer, text("cal_"), between(20, 80, alnums)).as(plausible)}},
	{name: "webflow", title: "Webflow", get: "webflow.com/dashboard, site settings, Apps", formats: []*format{
		form("token", truffles("webflow"), exactly(64, hexes)).behind("webflow"), looser()}},
	{name: "salesforce", title: "Salesforce", get: "your Salesforce", formats: []*format{
		form("access token", truffles("salesforce"), salesforce("!AQ")...).byMiddle(),
		form("access token of another kind", truffles("salesforce"), salesforce("!AR")...).byMiddle(),
		form("access token of another build", truffles("salesforce"), salesforce("!")...).unsought()}},
	{name: "klaviyo", title: "Klaviyo", get: "klaviyo.com/settings/account/api-keys", formats: []*format{
		form("private key", truffles("klaviyo"), text("pk_"), exactly(34, hexes)),
		form("private key with its account", truffles("klaviyo"), text("pk_"), exactly(6, alnums), text("_"),
			exactly(34, hexes))}},
	{name: "shippo", title: "Shippo", get: "apps.goshippo.com/settings/api", formats: []*format{
		form("live key", gitleaks, text("shippo_live_"), exactly(40, anyHexes)),
		form("test key", gitleaks, text("shippo_test_"), exactly(40, anyHexes))}},
	{name: "n8n", title: "n8n", get: "your n8n: Settings, n8n API", formats: []*format{
		form("API key", inCode("n8n"), threeParts()...).byMiddle(),
		form("older API key", inCode("n8n"), text("n8n_api_"), about(80, 40, 160, hexes)).as(old)}},
	{name: "voiceflow", title: "Voiceflow", get: "creator.voiceflow.com", formats: []*format{
		form("dialog manager key", truffles("voiceflow"), text("VF.DM."), exactly(24, anyHexes), text("."),
			exactly(16, alnums)),
		form("workspace key", truffles("voiceflow"), text("VF.WS."), exactly(24, anyHexes), text("."),
			exactly(16, alnums))}},
	{name: "readme", title: "ReadMe", get: "dash.readme.com", formats: []*format{
		form("API key", gitleaks, text("rdme_"), exactly(70, base36s))}},
	{name: "frameio", title: "Frame.io", get: "developer.frame.io/app/tokens", formats: []*format{
		form("developer token", truffles("frameio"), text("fio-u-"), exactly(64, urlSafes))}},
})

func salesforce(sign string) []part {
	return []part{text("00D"), exactly(12, alnums), text(sign), about(94, 60, 200, dotted)}
}

const paddleDocs = "developer.paddle.com/api-reference/about/api-keys"

func paddle(prefix string) []part {
	return []part{text(prefix), exactly(26, base36s), text("_"), exactly(22, alnums), text("_"), exactly(3, alnums)}
}
