package apikey

// GitHub says that the lengths of its tokens aren't fixed, and recommends to take
// any from 36 characters on: what is short of that was cut.
func gitHubFormats() []*format {
	const docs = "docs.github.com about-authentication-to-github"
	const stateless = "github.blog changelog 2026-04-24 and 2026-05-15"
	kinds := []struct{ name, prefix string }{
		{"personal access token", "gh" + "p_"}, {"OAuth token", "gh" + "o_"}, {"user-to-server token", "gh" + "u_"},
		{"installation token", "gh" + "s_"}}
	var list []*format
	for i, k := range kinds {
		list = append(list, form(k.name, gitleaks+", "+docs, text(k.prefix), exactly(36, alnums)).summed())
		if i == 0 {
			list = append(list, form("fine-grained personal access token", gitleaks+", "+docs, text("github_"+"pat_"),
				exactly(22, alnums), text("_"), exactly(59, alnums)))
		}
	}
	list = append(list,
		form("stateless installation token", stateless, text("gh"+"s_"), about(520, 100, 4000, dotted)),
		form("stateless user-to-server token", stateless, text("gh"+"u_"), about(520, 100, 4000, dotted)),
		form("refresh token", gitleaks, text("gh"+"r_"), exactly(76, alnums)),
		form("short refresh token", gitleaks, text("gh"+"r_"), exactly(36, alnums)).as(old).summed(),
		form("classic token", "github.blog 2021-04-05 behind-githubs-new-authentication-token-formats",
			exactly(40, hexes)).as(old).behind("github", "gh_token"))
	for _, k := range append(kinds, struct{ name, prefix string }{"refresh token", "gh" + "r_"}) {
		list = append(list, form(k.name+" of another length", docs, text(k.prefix), about(60, 30, 4000, dotted)))
	}
	return append(list,
		form("fine-grained personal access token of another length", docs, text("github_"+"pat_"),
			about(90, 30, 4000, words)),
		form("token of a newer kind", newer, text("github_"), between(60, 400, words)).as(plausible))
}

// GitLab lets administrators choose another prefix, and appends routing data to
// newer tokens, so that their length isn't fixed.
func gitLabFormats() []*format {
	const docs = "docs.gitlab.com/security/tokens"
	var list []*format
	for _, k := range []struct{ name, prefix string }{
		{"personal access token", "glpat-"}, {"OAuth application secret", "gloas-"}, {"deploy token", "gldt-"},
		{"runner token", "glrt-"},
		{"CI job token", "glcbt-"}, {"trigger token", "glptt-"}, {"feed token", "glft-"},
		{"incoming mail token", "glimt-"}, {"agent token", "glagent-"}, {"SCIM token", "glsoat-"},
		{"feature flags token", "glffct-"}} {
		list = append(list, form(k.name, docs+", "+gitleaks, text(k.prefix), about(20, 20, 300, dotted)))
	}
	return append(list, form("runner registration token", gitleaks, text("GR"+"1348941"),
		exactly(20, urlSafes)).as(old))
}

// builders are the providers of what code is kept, built and shipped with.
var builders = []*provider{
	{name: "github", title: "GitHub", doc: "tokens of people, applications and installations",
		get: "github.com/settings/tokens", formats: gitHubFormats(),
		expect: "ghp_ and 36 letters or digits, or github_pat_ and 82"},
	{name: "gitlab", title: "GitLab", doc: "tokens of people, projects, runners and jobs",
		get: "gitlab.com/-/user_settings/personal_access_tokens", formats: gitLabFormats(),
		expect: "glpat- and 20 or more letters, digits, _ or -"},
	{name: "bitbucket", title: "Bitbucket", get: "id.atlassian.com/manage-profile/security/api-tokens",
		formats: []*format{
			form("app password", gitleaks, text("ATBB"), exactly(32, alnums)),
			form("repository token", truffles("atlassian"), text("ATCTT3"), about(186, 100, 400, padded))}},
	{name: "atlassian", title: "Atlassian", doc: "API tokens for Jira and Confluence",
		get: "id.atlassian.com/manage-profile/security/api-tokens", formats: []*format{
			form("API token", gitleaks, text("ATATT3"), about(186, 100, 400, padded)),
			form("older API token", truffles("atlassian"), exactly(24, alnums)).as(old).behind("atlassian", "jira",
				"confluence"),
			form("organisation key", truffles("atlassian"), text("ATCTT3"), about(186, 100, 400, padded))}},
	{name: "npm", title: "npm", get: "npmjs.com/settings/~/tokens", formats: []*format{
		form("access token", gitleaks+", github.blog changelog 2021-09-23", text("npm_"), exactly(36, alnums)).summed(),
		form("legacy token", kingfisherNow, uuid()...).as(old).behind("npm", "_authtoken")}},
	{name: "pypi", title: "PyPI", get: "pypi.org/manage/account/token", formats: []*format{
		form("API token", gitleaks, text("pypi-AgEIcHlwaS5vcmc"), about(150, 50, 1000, urlSafes)),
		form("API token of TestPyPI", gitleaks, text("pypi-AgENdGVzdC5weXBpLm9yZw"), about(150, 50, 1000, urlSafes))}},
	{name: "dockerhub", title: "Docker Hub", get: "app.docker.com/settings/personal-access-tokens", formats: []*format{
		form("personal access token", truffles("dockerhub"), text("dckr_pat_"), exactly(27, urlSafes)),
		form("organisation access token", truffles("dockerhub"), text("dckr_oat_"), exactly(32, urlSafes))}},
	{name: "vercel", title: "Vercel", get: "vercel.com/account/tokens", formats: vercelFormats()},
	{name: "netlify", title: "Netlify", get: "app.netlify.com/user/applications", formats: []*format{
		form("personal access token", truffles("netlify"), text("nfp_"), exactly(36, alnums)),
		form("older token", truffles("netlify"), between(43, 45, urlSafes)).as(old).behind("netlify")}},
	{name: "supabase", title: "Supabase", get: "supabase.com/dashboard/account/tokens", formats: []*format{
		form("personal access token", truffles("supabasetoken"), text("sbp_"), exactly(40, base36s)),
		form("newer personal access token", inCode("supabase"), text("sbp_v0_"), exactly(40, base36s)),
		form("secret key", "supabase.com/docs/guides/api/api-keys", text("sb_secret_"), about(31, 20, 100, urlSafes)),
		form("service role key", "supabase.com/docs/guides/api/api-keys", threeParts()...).as(old).byMiddle(),
		form("publishable key", "supabase.com/docs/guides/api/api-keys", text("sb_publishable_"),
			about(31, 20, 100, urlSafes)).as(wrong).unsought()}},
	{name: "neon", title: "Neon", get: "console.neon.tech/app/settings/api-keys", formats: []*format{
		form("API key", inCode("neon"), text("napi_"), about(64, 40, 100, base36s))}},
	{name: "sentry", title: "Sentry", get: "sentry.io/settings/account/api/auth-tokens", formats: []*format{
		form("user token", gitleaks, text("sntryu_"), exactly(64, hexes)),
		form("organisation token", gitleaks, text("sntrys_eyJ"), about(240, 60, 500, padded)),
		form("older token", gitleaks, exactly(64, hexes)).as(old).behind("sentry")}},
	{name: "linear", title: "Linear", get: "linear.app/settings/account/security", formats: []*format{
		form("API key", gitleaks, text("lin_api_"), exactly(40, alnums)),
		form("OAuth token", inCode("linear"), text("lin_oauth_"), about(64, 32, 128, alnums))}},
	{name: "circleci", title: "CircleCI", get: "app.circleci.com/settings/user/tokens", formats: []*format{
		form("personal token", truffles("circleci"), text("CCIPAT_"), exactly(22, alnums), text("_"),
			exactly(40, hexes)),
		form("older token", truffles("circleci"), exactly(40, hexes)).as(old).behind("circle")}},
	{name: "postman", title: "Postman", get: "go.postman.co/settings/me/api-keys", formats: []*format{
		form("API key", gitleaks, text("PMAK-"), exactly(24, hexes), text("-"), exactly(34, hexes))}},
	{name: "sonarqube", title: "SonarQube", get: "sonarcloud.io/account/security", formats: []*format{
		form("user token", gitleaks, text("squ_"), exactly(40, hexes)),
		form("project token", gitleaks, text("sqp_"), exactly(40, hexes)),
		form("global token", gitleaks, text("sqa_"), exactly(40, hexes))}},
	{name: "buildkite", title: "Buildkite", get: "buildkite.com/user/api-access-tokens", formats: []*format{
		form("API token", truffles("buildkite"), text("bkua_"), exactly(40, base36s))}},
	{name: "figma", title: "Figma", get: "figma.com/settings", formats: []*format{
		form("personal access token", truffles("figma"), text("figd_"), exactly(40, urlSafes)),
		form("personal access token of another length", newer, text("figd_"),
			between(41, 100, urlSafes)).as(plausible)}},
}

func vercelFormats() []*format {
	const change = "vercel.com/changelog/new-token-formats-and-secret-scanning"
	var list []*format
	for _, k := range []struct{ name, prefix string }{{"personal token", "vcp_"}, {"integration token", "vci_"},
		{"application token", "vca_"}, {"AI gateway key", "vck_"}} {
		list = append(list, form(k.name, change+", lengths by "+inCode("vercel"), text(k.prefix),
			about(56, 20, 200, urlSafes)))
	}
	return append(list, form("older token", truffles("vercel"), exactly(24, alnums)).as(old).behind("vercel"))
}
