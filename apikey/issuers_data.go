package apikey

// stores are the providers of databases, search, and what counts events.
var stores = lately([]*provider{
	{name: "qdrant", title: "Qdrant", get: "cloud.qdrant.io", formats: []*format{
		form("API key", inCode("qdrant"), threeParts()...).byMiddle(), looser()}},
	{name: "astra", title: "Astra DB", get: "astra.datastax.com/settings/tokens", formats: []*format{
		form("application token", inCode("astra"), text("AstraCS:"), about(24, 20, 64, alnums), text(":"),
			exactly(64, hexes))}},
	{name: "mongodb-atlas", title: "MongoDB Atlas", doc: "secrets of Atlas' own API; addresses of databases are " +
		"database-url", get: "cloud.mongodb.com", formats: []*format{
		form("service account secret", kingfisherNow, text("mdb_sa_sk_"), about(40, 30, 80, urlSafes)),
		form("private key", kingfisherNow, uuid()...).behind("mongodb", "atlas", "mdb_mcp"),
		form("service account id", inCode("mongodb-atlas"), text("mdb_sa_id_"),
			exactly(24, hexes)).as(wrong).unsought()}},
	{name: "elastic", title: "Elastic", doc: "API keys of Elasticsearch and Elastic Cloud, as a header has them",
		get: "your Kibana: Stack Management, API keys", formats: []*format{
			form("API key", "elastic.co/docs/api/doc/elasticsearch security-create-api-key", exactly(58, stdBase64),
				text("==")).behind("elastic", "es_api", "es-api"),
			form("cloud API key", inCode("elastic"), text("essu_"), about(90, 40, 300, padded)), looser()}},
	{name: "confluent", title: "Confluent", get: "confluent.cloud/settings/api-keys", formats: []*format{
		form("API secret", "docs.confluent.io api-keys, api-secret-format", text("cflt"), exactly(60,
			stdBase64)).behind("confluent", "ccloud", "kafka"),
		form("older API secret", truffles("confluent"), exactly(64, stdBase64)).as(old).behind("confluent", "ccloud",
			"kafka"),
		form("API key id", truffles("confluent"), exactly(16, capitals)).as(wrong).unsought()}},
	{name: "upstash", title: "Upstash", get: "console.upstash.com", formats: []*format{
		form("REST token", inCode("upstash"), text("A"), about(55, 35, 120, either64)).behind("upstash"),
		form("padded REST token", inCode("upstash"), text("A"), about(54, 35, 120, either64),
			text("=")).behind("upstash"),
		form("twice padded REST token", inCode("upstash"), text("A"), about(53, 35, 120, either64),
			text("==")).behind("upstash"),
		form("management key", inCode("upstash"), uuid()...).behind("upstash"), looser()}},
	{name: "turso", title: "Turso", get: "app.turso.tech", formats: []*format{
		form("token", "docs.turso.tech/cli/db/tokens", threeParts()...).byMiddle()}},
	{name: "tinybird", title: "Tinybird", get: "cloud.tinybird.co/tokens", formats: []*format{
		form("token", inCode("tinybird"), text("p.eyJ"), about(120, 40, 600, urlSafes), text("."),
			about(43, 20, 100, urlSafes)),
		form("JSON web token", "tinybird.co/docs concepts/auth-tokens", threeParts()...).byMiddle()}},
	{name: "xata", title: "Xata", get: "app.xata.io/settings", formats: []*format{
		form("API key", inCode("xata"), text("xau_"), about(40, 20, 100, urlSafes))}},
	{name: "convex", title: "Convex", get: "dashboard.convex.dev", formats: []*format{
		form("deploy key", inCode("convex"), text("prod:"), part{class: kebab, min: 3, max: 80, usual: 16},
			text("|"+convexKey), about(40, 16, 400, padded)).byMiddle(),
		form("key for development", inCode("convex"), text("dev:"), part{class: kebab, min: 3, max: 80, usual: 16},
			text("|"+convexKey), about(40, 16, 400, padded)).byMiddle(),
		form("deploy key of another build", newer, text("prod:"), part{class: kebab, min: 3, max: 80, usual: 16},
			text("|"), between(16, 400, padded)).as(plausible)}},
	{name: "sanity", title: "Sanity", get: "sanity.io/manage", formats: []*format{
		form("token", truffles("sanity"), text("sk"), between(79, 200, alnums)).behind("sanity")}},
	{name: "algolia", title: "Algolia", get: "dashboard.algolia.com/account/api-keys", formats: []*format{
		form("API key", gitleaks+", "+truffles("algoliaadminkey"), exactly(32, base36s)).behind("algolia"), looser()}},
	{name: "prefect", title: "Prefect", get: "app.prefect.cloud/my/api-keys", formats: []*format{
		form("user key", gitleaks, text("pnu_"), exactly(36, alnums)),
		form("service account key", inCode("prefect"), text("pnb_"), exactly(36, alnums))}},
	{name: "plausible", title: "Plausible", get: "plausible.io/settings", formats: []*format{
		form("API key", inCode("plausible"), exactly(64, urlSafes)).behind("plausible_", "plausible-", "plausible."),
		looser()}},
	{name: "honeycomb", title: "Honeycomb", get: "ui.honeycomb.io/account", formats: []*format{
		form("configuration key", truffles("honeycomb"), exactly(22, alnums)).behind("honeycomb"),
		form("ingest key", inCode("honeycomb"), text("hcaik_"), about(58, 40, 100, base36s)),
		form("older key", truffles("honeycomb"), exactly(32, hexes)).as(old).behind("honeycomb"), looser()}},
	{name: "dynatrace", title: "Dynatrace", get: "docs.dynatrace.com access-tokens", formats: []*format{
		form("access token", gitleaks+", "+kingfisherNow, dynatrace("dt0c01.")...),
		form("platform token", kingfisherNow, dynatrace("dt0s16.")...),
		form("OAuth client secret", kingfisherNow, dynatrace("dt0s02.")...)}},
	{name: "launchdarkly", title: "LaunchDarkly", get: "app.launchdarkly.com/settings", formats: []*format{
		form("access token", truffles("launchdarkly"), append([]part{text("api-")},
			uuid()...)...).behind("launchdarkly", "launch_darkly", "launch-darkly", "ld_"),
		form("SDK key", truffles("launchdarkly"), append([]part{text("sdk-")}, uuid()...)...).behind("launchdarkly",
			"launch_darkly", "launch-darkly", "ld_")}},
	{name: "mapbox", title: "Mapbox", get: "console.mapbox.com/account/access-tokens", formats: []*format{
		form("secret token", kingfisherNow+", "+truffles("mapbox"), mapbox("sk.ey"+"J")...),
		form("temporary token", kingfisherNow, mapbox("tk.ey"+"J")...),
		form("public token", kingfisherNow, mapbox("pk.ey"+"J")...).unsought()}},
	{name: "openweather", title: "OpenWeather", get: "home.openweathermap.org/api_keys", formats: []*format{
		form("API key", truffles("openweather"), exactly(32, hexes)).behind("openweather", "open_weather", "owm"),
		looser()}},
})

// convexKey is how the JSON of Convex' keys begins, in base 64.
const convexKey = "ey" + "J2MiI6"

func dynatrace(prefix string) []part {
	return []part{text(prefix), exactly(24, capitals), text("."), exactly(64, capitals)}
}

func mapbox(prefix string) []part {
	return []part{text(prefix), about(70, 40, 400, urlSafes), text("."), about(22, 20, 60, urlSafes)}
}
