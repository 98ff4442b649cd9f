package apikey

// furtherModels are more providers of models, their memory and their tools. Several
// share sk- and a length with others, so that texts name OpenAI for them.
var furtherModels = lately([]*provider{
	{name: "moonshot", title: "Moonshot", get: "platform.moonshot.ai/console/api-keys", formats: []*format{
		form("API key", inCode("moonshot"), text("sk-"), exactly(48, alnums)).alsoOthers(),
		form("Kimi key", inCode("moonshot"), text("sk-kimi-"), about(64, 32, 200, urlSafes)),
		form("key of another length", newer, text("sk-"), between(20, 200, alnums)).as(plausible)}},
	{name: "dashscope", title: "DashScope", get: "bailian.console.alibabacloud.com", formats: []*format{
		form("API key", inCode("dashscope"), text("sk-"), exactly(32, hexes)).alsoOthers(),
		form("key of another length", newer, text("sk-"), between(20, 200, urlSafes)).as(plausible)}},
	{name: "siliconflow", title: "SiliconFlow", get: "cloud.siliconflow.cn/account/ak", formats: []*format{
		form("API key", inCode("siliconflow"), text("sk-"), exactly(48, base36s)).alsoOthers(),
		form("key of another length", newer, text("sk-"), between(20, 200, alnums)).as(plausible)}},
	{name: "stability", title: "Stability AI", get: "platform.stability.ai/account/keys", formats: []*format{
		form("API key", inCode("stability"), text("sk-"), exactly(48, alnums)).alsoOthers(),
		form("key of another length", newer, text("sk-"), between(20, 200, alnums)).as(plausible)}},
	{name: "braintrust", title: "Braintrust", get: "braintrust.dev/app/settings", formats: []*format{
		form("API key", truffles("braintrust"), text("sk-"), exactly(48, alnums)).alsoOthers(),
		form("key of another length", newer, text("sk-"), between(20, 200, alnums)).as(plausible)}},
	{name: "zhipu", title: "Zhipu", get: "z.ai/manage-apikey/apikey-list", formats: []*format{
		form("API key", inCode("zhipu"), exactly(32, hexes), text("."), exactly(16, alnums)).unsought(), looser()}},
	{name: "fal", title: "fal.ai", get: "fal.ai/dashboard/keys", formats: []*format{
		form("API key", inCode("fal"), append(uuid(), text(":"), exactly(32, hexes))...).unsought(), looser()}},
	{name: "mem0", title: "mem0", get: "app.mem0.ai/dashboard/api-keys", formats: []*format{
		form("API key", inCode("mem0"), text("m0-"), about(40, 30, 80, alnums))}},
	{name: "composio", title: "Composio", get: "app.composio.dev/settings", formats: []*format{
		form("API key", inCode("composio"), text("ak_"), about(20, 16, 64, urlSafes)).behind("composio"), looser()}},
	{name: "smithery", title: "Smithery", get: "smithery.ai/account/api-keys", formats: []*format{
		form("API key", inCode("smithery"), uuid()...).behind("smithery"), looser()}},
	{name: "llamacloud", title: "LlamaCloud", get: "cloud.llamaindex.ai/api-key", formats: []*format{
		form("API key", inCode("llamacloud"), text("llx-"), about(48, 40, 100, alnums))}},
	{name: "helicone", title: "Helicone", get: "us.helicone.ai/settings/api-keys", formats: []*format{
		form("API key", inCode("helicone"), text("sk-helicone-"), about(31, 20, 100, hyphened))}},
	{name: "wandb", title: "Weights & Biases", get: "wandb.ai/authorize", formats: []*format{
		form("API key", inCode("wandb"), text("wandb_v1_"), about(77, 60, 160, words)),
		form("older API key", truffles("weightsandbiases"), exactly(40, hexes)).as(old).behind("wandb")}},
	{name: "scrapingbee", title: "ScrapingBee", get: "app.scrapingbee.com/account/manage/api_key", formats: []*format{
		form("API key", truffles("scrapingbee"), exactly(80, capitals)).behind("scrapingbee", "scraping_bee",
			"scraping-bee"), looser()}},
	{name: "brightdata", title: "Bright Data", get: "brightdata.com/cp/setting/users", formats: []*format{
		form("API key", inCode("brightdata"), exactly(64, hexes)).behind("brightdata", "bright_data", "bright-data"),
		form("older API key", inCode("brightdata"), uuid()...).as(old).behind("brightdata", "bright_data",
			"bright-data"),
		looser()}},
	{name: "google-api", title: "Google API", doc: "keys of Google's other services, such as Maps and YouTube: " +
		"texts name Gemini for them", get: "console.cloud.google.com/apis/credentials", formats: []*format{
		form("API key", gitleaks, text("AIza"), exactly(35, urlSafes)).alsoOthers()}},
})
