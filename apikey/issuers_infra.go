package apikey

// hosts are the providers of machines, packages, logins and of what watches them.
var hosts = lately([]*provider{
	{name: "fly", title: "Fly.io", get: "fly.io/dashboard/personal/tokens", formats: []*format{
		form("access token", gitleaks+", "+truffles("flyio"), text("FlyV1 fm2_"), about(600, 100, 8000, padded)),
		form("access token without its scheme", gitleaks, text("fm2_"), about(600, 100, 8000, padded)),
		form("list of tokens", inCode("fly"), text("FlyV1 fm2_"), between(200, 8000, commas)).unsought(),
		form("list of tokens without its scheme", inCode("fly"), text("fm2_"), between(200, 8000, commas)).unsought(),
		form("older token", gitleaks, text("fo1_"), exactly(43, urlSafes)).as(old)}},
	{name: "render", title: "Render", get: "dashboard.render.com/u/settings", formats: []*format{
		form("API key", inCode("render"), text("rnd_"), about(32, 20, 80, alnums))}},
	{name: "railway", title: "Railway", get: "railway.com/account/tokens", formats: []*format{
		form("token", truffles("railwayapp"), uuid()...).behind("railway"), looser()}},
	{name: "hetzner", title: "Hetzner", get: "console.hetzner.cloud", formats: []*format{
		form("API token", inCode("hetzner"), exactly(64, alnums)).behind("hetzner", "hcloud"), looser()}},
	{name: "linode", title: "Linode", get: "cloud.linode.com/profile/tokens", formats: []*format{
		form("personal access token", inCode("linode"), exactly(64, hexes)).behind("linode"), looser()}},
	{name: "scaleway", title: "Scaleway", get: "console.scaleway.com/iam/api-keys", formats: []*format{
		form("secret key", truffles("scalewaykey"), uuid()...).behind("scaleway", "scw_"),
		form("access key id", inCode("scaleway"), text("SCW"), exactly(17, capitals)).as(wrong).unsought()}},
	{name: "vultr", title: "Vultr", get: "my.vultr.com/settings/#settingsapi", formats: []*format{
		form("API key", truffles("vultrapikey"), exactly(36, capitals)).behind("vultr"), looser()}},
	{name: "alibaba", title: "Alibaba Cloud", get: "ram.console.alibabacloud.com", formats: []*format{
		form("access key secret", gitleaks, exactly(30, alnums)).behind("alibaba", "aliyun", "alicloud"),
		form("access key id", truffles("alibaba"), text("LTAI"), between(17, 21, alnums)).as(wrong).unsought()}},
	{name: "terraform", title: "Terraform", get: "app.terraform.io/app/settings/tokens", formats: []*format{
		form("token", gitleaks, exactly(14, alnums), text(".atlasv1."), about(67, 60, 100, urlSafes)).byMiddle()}},
	{name: "jfrog", title: "JFrog", get: "your JFrog platform: Edit profile", formats: []*format{
		form("reference token", truffles("artifactoryreferencetoken"), text("cmVmdGtu"), exactly(56, alnums)),
		form("API key", gitleaks, text("AKCp"), exactly(69, alnums)).as(old).behind("jfrog", "artifactory"),
		form("access token", "jfrog.com/help access-tokens", threeParts()...).byMiddle()}},
	{name: "nuget", title: "NuGet", get: "nuget.org/account/apikeys", formats: []*format{
		form("API key", kingfisherNow, text("oy2"), exactly(43, base36s)).behind("nuget")}},
	{name: "crates", title: "crates.io", get: "crates.io/settings/tokens", formats: []*format{
		form("API token", kingfisherNow, text("cio"), exactly(32, alnums)).behind("crates", "cargo"), looser()}},
	{name: "rubygems", title: "RubyGems", get: "rubygems.org/profile/api_keys", formats: []*format{
		form("API key", gitleaks, text("rubygems_"), exactly(48, hexes))}},
	{name: "deno", title: "Deno", get: "dash.deno.com/account", formats: []*format{
		form("access token", truffles("deno"), text("ddp_"), exactly(36, alnums)),
		form("workspace token", truffles("deno"), text("ddw_"), exactly(36, alnums))}},
	{name: "age", title: "age", doc: "identities of age", get: "age-keygen", formats: []*format{
		form("secret key", gitleaks+", "+kingfisherNow, text("AGE-SECRET-KEY-1"), exactly(58, capitals)),
		form("recipient", kingfisherNow, text("age1"), exactly(58, base36s)).as(wrong).unsought()}},
	{name: "snyk", title: "Snyk", get: "app.snyk.io/account", formats: []*format{
		form("API token", truffles("snykkey"), uuid()...).behind("snyk"), looser()}},
	{name: "semgrep", title: "Semgrep", get: "semgrep.dev/orgs/-/settings/tokens", formats: []*format{
		form("app token", inCode("semgrep"), exactly(64, hexes)).behind("semgrep"), looser()}},
	{name: "sourcegraph", title: "Sourcegraph", get: "sourcegraph.com/user/settings/tokens", formats: []*format{
		form("access token", gitleaks, text("sgp_"), exactly(16, anyHexes), text("_"), exactly(40, anyHexes)),
		form("local access token", gitleaks, text("sgp_local_"), exactly(40, anyHexes)),
		form("older access token", gitleaks, text("sgp_"), exactly(40, anyHexes)).as(old),
		form("gateway token", truffles("sourcegraphcody"), text("slk_"), exactly(64, hexes))}},
	{name: "pagerduty", title: "PagerDuty", get: "your PagerDuty: User settings", formats: []*format{
		form("user token", truffles("pagerdutyapikey"), text("u+"), exactly(18, signed64)).behind("pagerduty",
			"pager_duty", "pager-duty", "pd_"),
		form("account key", inCode("pagerduty"), exactly(20, signed64)).behind("pagerduty", "pager_duty", "pager-duty",
			"pd_")}},
	{name: "okta", title: "Okta", get: "your Okta: Security, API, Tokens", formats: []*format{
		form("API token", gitleaks+", "+kingfisherNow, text("00"), exactly(40, urlSafes)).behind("okta", "ssws")}},
	{name: "auth0", title: "Auth0", get: "manage.auth0.com", formats: []*format{
		form("client secret", kingfisherNow, about(64, 64, 128, urlSafes)).behind("auth0"),
		form("management token", truffles("auth0managementapitoken"), threeParts()...).byMiddle()}},
	{name: "clerk", title: "Clerk", doc: "secret keys of Clerk, which texts name Stripe's", get: "dashboard.clerk.com",
		formats: []*format{
			form("secret key", "clerk.com/docs environment-variables", text("sk_"+"live_"), about(42, 24, 200,
				alnums)).alsoOthers(),
			form("test key", "clerk.com/docs environment-variables", text("sk_"+"test_"), about(42, 24, 200,
				alnums)).alsoOthers(),
			form("publishable key", "clerk.com/docs environment-variables", text("pk_"+"live_"), between(16, 200,
				padded)).as(wrong).alsoOthers(),
			form("publishable test key", "clerk.com/docs environment-variables", text("pk_"+"test_"), between(16, 200,
				padded)).as(wrong).alsoOthers()}},
	{name: "ngrok", title: "ngrok", get: "dashboard.ngrok.com/get-started/your-authtoken", formats: []*format{
		form("token", truffles("ngrok"), exactly(27, alnums), text("_"), exactly(21, alnums)).behind("ngrok"),
		looser()}},
	{name: "harness", title: "Harness", get: "app.harness.io", formats: []*format{
		form("personal access token", gitleaks, harness("pat.")...),
		form("service account token", gitleaks, harness("sat.")...)}},
	{name: "octopus", title: "Octopus Deploy", get: "your Octopus: Profile, My API keys", formats: []*format{
		form("API key", gitleaks, text("API-"), exactly(26, capitals)).behind("octopus")}},
	{name: "infracost", title: "Infracost", get: "dashboard.infracost.io", formats: []*format{
		form("API key", gitleaks, text("ico-"), exactly(32, alnums))}},
})

func harness(prefix string) []part {
	return []part{text(prefix), exactly(22, urlSafes), text("."), exactly(24, alnums), text("."), exactly(20, alnums)}
}
