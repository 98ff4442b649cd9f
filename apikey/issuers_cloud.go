package apikey

const awsDocs = "docs.aws.amazon.com/IAM reference_identifiers"

// clouds are the providers of machines, storage and what watches them.
var clouds = []*provider{
	{name: "aws-key-id", title: "AWS", doc: "ids of access keys", get: "console.aws.amazon.com/iam", formats: []*format{
		form("access key id", awsDocs+", "+gitleaks, text("AK"+"IA"), exactly(16, base32s32)),
		form("temporary access key id", awsDocs+", "+gitleaks, text("AS"+"IA"), exactly(16, base32s32))}},
	{name: "aws-secret", title: "AWS secret", doc: "the secret half of an access key",
		get: "console.aws.amazon.com/iam", formats: []*format{
			form("secret access key", kingfisherNow, exactly(40, stdBase64)).behind("aws", "secret_access_key",
				"secretaccesskey")}},
	{name: "aws-session", title: "AWS session", doc: "session tokens of temporary keys", formats: []*format{
		form("session token", kingfisherNow, text("IQoJb3JpZ2lu"), about(400, 100, 4000, padded)),
		form("older session token", kingfisherNow, text("FwoG"), about(300, 100, 4000, padded)).as(old)}},
	{name: "bedrock", title: "Bedrock", doc: "long-term keys of Amazon Bedrock", get: "console.aws.amazon.com/bedrock",
		formats: []*format{
			form("API key", gitleaks, text("ABSK"), about(128, 109, 269, padded))}},
	{name: "azure", title: "Azure", doc: "secrets of applications in Entra ID", get: "portal.azure.com",
		formats: []*format{
			form("client secret", gitleaks, exactly(3, tilded), exactly(1, numbers10), text("Q~"),
				between(31, 34, tilded)).byMiddle()}},
	{name: "azure-key", title: "Azure key", doc: "keys of Azure OpenAI, AI services, DevOps and others",
		get: "portal.azure.com", formats: []*format{
			form("key", kingfisherNow+", public samples", exactly(52, alnums), text("JQQJ99"),
				exactly(26, alnums)).byMiddle(),
			form("older key", kingfisherNow, exactly(32, hexes)).as(old).behind("azure", "ocp-apim", "cognitive"),
			form("older DevOps token", kingfisherNow, exactly(52, base36s)).as(old).behind("azure", "ado_pat",
				"devops")}},
	{name: "azure-storage", title: "Azure storage", doc: "keys of storage accounts, Cosmos DB and Service Bus",
		get: "portal.azure.com", formats: []*format{
			form("account key", truffles("azure_storage"), exactly(86, stdBase64), text("==")).behind("accountkey",
				"account_key", "azure", "storage", "cosmos")}},
	{name: "google-oauth", title: "Google OAuth", doc: "secrets and tokens of OAuth clients; Google says that the " +
		"length of tokens varies", get: "console.cloud.google.com/auth/clients", formats: []*format{
		form("client secret", kingfisherNow, text("GOCSPX-"), exactly(28, urlSafes)),
		form("access token", truffles("googleoauth2"), text("ya29."), about(200, 20, 2048, dotted)),
		form("refresh token", "developers.google.com/identity/protocols/oauth2", text("1//0"),
			about(99, 40, 512, urlSafes))}},
	{name: "cloudflare", title: "Cloudflare", get: "dash.cloudflare.com/profile/api-tokens", formats: []*format{
		form("user token", cloudflareDocs, text("cfut_"), exactly(40, alnums), exactly(8, hexes)),
		form("account token", cloudflareDocs, text("cfat_"), exactly(40, alnums), exactly(8, hexes)),
		form("global key", cloudflareDocs, text("cfk_"), exactly(40, alnums), exactly(8, hexes)),
		form("older token", truffles("cloudflareapitoken"), exactly(40, urlSafes)).as(old).behind("cloudflare",
			"cf_api", "cf_token"),
		form("older global key", gitleaks, exactly(37, hexes)).as(old).behind("cloudflare", "cf_api", "x-auth-key"),
		form("origin CA key", gitleaks, text("v1.0-"), exactly(24, hexes), text("-"), exactly(146, hexes))}},
	{name: "digitalocean", title: "DigitalOcean", get: "cloud.digitalocean.com/account/api/tokens", formats: []*format{
		form("personal access token", gitleaks, text("dop_v1_"), exactly(64, hexes)),
		form("OAuth token", gitleaks, text("doo_v1_"), exactly(64, hexes)),
		form("refresh token", gitleaks, text("dor_v1_"), exactly(64, hexes))}},
	{name: "heroku", title: "Heroku", get: "dashboard.heroku.com/account", formats: []*format{
		form("API key", gitleaks, text("HRKU-AA"), exactly(58, urlSafes)),
		form("older API key", gitleaks, uuid()...).as(old).behind("heroku")}},
	{name: "databricks", title: "Databricks", get: "docs.databricks.com/aws/en/dev-tools/auth/pat", formats: []*format{
		form("personal access token", gitleaks, text("dapi"), exactly(32, hexes)),
		form("numbered token", gitleaks, text("dapi"), exactly(32, hexes), text("-"), exactly(1, numbers10))}},
	{name: "planetscale", title: "PlanetScale", get: "app.planetscale.com", formats: []*format{
		form("service token", truffles("planetscale"), text("pscale_tkn_"), about(43, 32, 64, dotted)),
		form("password", gitleaks, text("pscale_pw_"), about(43, 32, 64, dotted)),
		form("OAuth token", gitleaks, text("pscale_oauth_"), about(43, 32, 64, dotted))}},
	{name: "datadog", title: "Datadog", get: "app.datadoghq.com/organization-settings/api-keys", formats: []*format{
		form("API key", truffles("datadogtoken"), exactly(32, base36s)).behind("datadog", "dd_", "dd-"),
		form("application key", truffles("datadogtoken"), exactly(40, base36s)).behind("datadog", "dd_", "dd-")}},
	{name: "grafana", title: "Grafana", get: "your Grafana: Administration, Service accounts", formats: []*format{
		form("service account token", gitleaks, text("glsa_"), exactly(32, alnums), text("_"), exactly(8, anyHexes)),
		form("cloud access policy token", truffles("grafana"), text("glc_"), about(120, 32, 400, padded)),
		form("API key", gitleaks, text("eyJrIjoi"), about(90, 70, 400, padded)).as(old)}},
	{name: "newrelic", title: "New Relic", get: "one.newrelic.com/api-keys", formats: []*format{
		form("user key", gitleaks, text("NRAK-"), exactly(27, capitals))}},
	{name: "posthog", title: "PostHog", get: "app.posthog.com/settings/user-api-keys", formats: []*format{
		form("personal key", truffles("posthog"), text("phx_"), about(47, 43, 60, words)),
		form("project key", truffles("posthog"), text("phc_"), about(43, 40, 60, words)).as(wrong).unsought()}},
	{name: "pulumi", title: "Pulumi", get: "app.pulumi.com/account/tokens", formats: []*format{
		form("access token", gitleaks, text("pul-"), exactly(40, hexes))}},
	{name: "doppler", title: "Doppler", get: "dashboard.doppler.com", formats: []*format{
		form("personal token", truffles("doppler"), text("dp.pt."), between(40, 44, alnums)),
		form("service token", truffles("doppler"), text("dp.st."), about(43, 40, 90, dotted))}},
	{name: "vault", title: "Vault", doc: "tokens of HashiCorp Vault", formats: []*format{
		form("service token", gitleaks, text("hvs."), about(95, 24, 300, urlSafes)),
		form("batch token", gitleaks, text("hvb."), about(140, 100, 400, urlSafes)),
		form("older service token", gitleaks, text("s."), exactly(24, alnums)).as(old).unsought()}},
	{name: "1password", title: "1Password", get: "my.1password.com/developer-tools", formats: []*format{
		form("service account token", gitleaks, text("ops_eyJ"), about(800, 250, 4000, padded))}},
	{name: "tailscale", title: "Tailscale", get: "login.tailscale.com/admin/settings/keys", formats: []*format{
		form("API key", truffles("tailscale"), text("tskey-api-"), about(38, 20, 100, hyphened)),
		form("auth key", truffles("tailscale"), text("tskey-auth-"), about(38, 20, 100, hyphened)),
		form("client secret", truffles("tailscale"), text("tskey-client-"), about(38, 20, 100, hyphened))}},
}

const cloudflareDocs = "developers.cloudflare.com/fundamentals/api/get-started/token-formats, the checksum's width " +
	"by github.com/trufflesecurity/trufflehog"
