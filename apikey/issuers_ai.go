package apikey

// openAIMark is "OpenAI" in base 64, which stands in the middle of its keys.
const openAIMark = "T3Blbk" + "FJ"

// openAI is the formats of one prefix, by the lengths on either side of the
// mark.
func openAI(name, prefix string, r role, c *class, sides ...int) []*format {
	var list []*format
	for _, left := range sides {
		for _, right := range sides {
			f := form(name, gitleaks+", "+trufflehog, text(prefix), exactly(left, c), text(openAIMark),
				exactly(right, c)).as(r)
			f.read = readFirst
			list = append(list, f)
		}
	}
	return list
}

// uncut is the least that a key of today's kinds has: shorter ones were cut.
const uncut = 120

func openAIFormats() []*format {
	var list []*format
	list = append(list, openAI("project key", "sk-proj-", current, urlSafes, 74, 58)...)
	list = append(list, openAI("service account key", "sk-svcacct-", current, urlSafes, 74, 58)...)
	list = append(list, openAI("admin key", "sk-admin-", current, urlSafes, 58, 74)...)
	list = append(list, openAI("early project key", "sk-proj-", old, alnums, 20)...)
	list = append(list, openAI("legacy key", "sk-", old, alnums, 20)...)
	list = append(list, form("key without a project", kingfisher, text("sk-None-"), exactly(48, alnums)).as(old))
	for _, prefix := range []string{"sk-proj-", "sk-svcacct-", "sk-admin-"} {
		list = append(list, form("key of a newer kind", newer, text(prefix),
			between(uncut, 300, urlSafes)).as(plausible))
	}
	return append(list, form("key of a newer kind", newer, text("sk-"), between(40, 300, urlSafes)).as(plausible))
}

func anthropicFormats() []*format {
	body := func(prefix string) []part { return []part{text(prefix), exactly(93, urlSafes), text("AA")} }
	return []*format{
		form("API key", gitleaks, body("sk-ant-api03-")...),
		form("admin key", gitleaks, body("sk-ant-admin01-")...),
		form("OAuth access token", gitleaks, text("sk-ant-oat01-"), between(40, 300, urlSafes)).as(wrong),
		form("OAuth refresh token", gitleaks, text("sk-ant-ort01-"), between(40, 300, urlSafes)).as(wrong),
		form("key of a newer kind", newer, text("sk-ant-"), between(60, 300, urlSafes)).as(plausible),
	}
}

// Google says of the newer keys neither their length nor that it is fixed: 20 to
// 53 characters were seen.
func geminiFormats() []*format {
	const seen = "github.com/d4rkmen/M5Gemini issue 15, github.com/NikolaiRadke/AI.duino pull 22"
	return []*format{
		form("standard key", gitleaks, text("AIza"), exactly(35, urlSafes)),
		form("auth key", seen, text("AQ."), about(50, 8, 512, dotted)),
		form("auth key of a newer kind", seen, text("IQ."), about(50, 16, 512, dotted)).as(plausible),
	}
}

// models are the providers of language models and what goes with them.
var models = []*provider{
	{name: "openai", title: "OpenAI", doc: "keys of the OpenAI API", get: "platform.openai.com/api-keys",
		family: "sk-", formats: openAIFormats(),
		expect: "sk-proj- and 124 or more letters, digits, _ or -"},
	{name: "anthropic", title: "Anthropic", doc: "keys of the Anthropic API; the OAuth tokens of its applications " +
		"are told apart", get: "console.anthropic.com/settings/keys",
		family: "sk-ant-", formats: anthropicFormats(), expect: "sk-ant-api03- and 95 letters, digits, _ or -"},
	{name: "gemini", title: "Gemini", doc: "keys of Google AI Studio", get: "aistudio.google.com/apikey",
		formats: geminiFormats(),
		expect:  "AIza and 35, or AQ. and about 50, letters, digits, _ or -"},
	{name: "openrouter", title: "OpenRouter", get: "openrouter.ai/settings/keys", family: "sk-or-", formats: []*format{
		form("API key", truffles("openrouter"), text("sk-or-v1-"), exactly(64, hexes)),
		form("key of a newer kind", newer, text("sk-or-"), between(40, 200, urlSafes)).as(plausible)}},
	{name: "deepseek", title: "DeepSeek", get: "platform.deepseek.com/api_keys", formats: []*format{
		form("API key", truffles("deepseek"), text("sk-"), exactly(32, base36s))}},
	{name: "groq", title: "Groq", get: "console.groq.com/keys", formats: []*format{
		form("API key", truffles("groq"), text("gsk_"), exactly(52, alnums)),
		form("key of another length", newer, text("gsk_"), between(40, 200, alnums)).as(plausible)}},
	{name: "mistral", title: "Mistral", get: "console.mistral.ai/api-keys", formats: []*format{
		form("API key", inCode("mistral"), exactly(32, alnums)).behind("mistral")}},
	{name: "perplexity", title: "Perplexity", get: "perplexity.ai/settings/api", formats: []*format{
		form("API key", gitleaks, text("pplx-"), exactly(48, alnums)),
		form("key of another length", newer, text("pplx-"), between(40, 200, alnums)).as(plausible)}},
	{name: "xai", title: "xAI", get: "console.x.ai", formats: []*format{
		form("API key", truffles("xai"), text("xai-"), exactly(80, words)),
		form("key of another length", newer, text("xai-"), between(60, 200, words)).as(plausible)}},
	{name: "huggingface", title: "Hugging Face", get: "huggingface.co/settings/tokens", formats: []*format{
		form("user access token", truffles("huggingface"), text("hf_"), exactly(34, alnums)),
		form("organisation token", truffles("huggingface"), text("api_org_"), exactly(34, alnums)).as(old),
		form("token of another length", newer, text("hf_"), between(35, 200, alnums)).as(plausible)}},
	{name: "replicate", title: "Replicate", get: "replicate.com/account/api-tokens", formats: []*format{
		form("API token", truffles("replicate"), text("r8_"), exactly(37, urlSafes))}},
	{name: "cohere", title: "Cohere", get: "dashboard.cohere.com/api-keys", formats: []*format{
		form("API key", gitleaks, exactly(40, alnums)).behind("cohere", "co_api")}},
	{name: "together", title: "Together", get: "api.together.ai/settings/api-keys", formats: []*format{
		form("API key", inCode("together"), text("tgp_v1_"), about(43, 30, 100, urlSafes)),
		form("older API key", inCode("together"), exactly(64, hexes)).as(old).behind("together")}},
	{name: "fireworks", title: "Fireworks", get: "fireworks.ai/account/api-keys", formats: []*format{
		form("API key", inCode("fireworks"), text("fw_"), about(24, 20, 64, alnums))}},
	{name: "nvidia", title: "NVIDIA", get: "build.nvidia.com", formats: []*format{
		form("API key", truffles("nvapi"), text("nvapi-"), exactly(64, urlSafes)),
		form("key of another length", newer, text("nvapi-"), between(40, 200, urlSafes)).as(plausible)}},
	{name: "cerebras", title: "Cerebras", get: "cloud.cerebras.ai", formats: []*format{
		form("API key", inCode("cerebras"), text("csk-"), about(48, 32, 100, base36s))}},
	{name: "elevenlabs", title: "ElevenLabs", get: "elevenlabs.io/app/settings/api-keys", formats: []*format{
		form("API key", truffles("elevenlabs"), text("sk_"), exactly(48, hexes)),
		form("older API key", truffles("elevenlabs"), exactly(32, hexes)).as(old).behind("elevenlabs", "eleven_labs",
			"xi-api")}},
	{name: "jina", title: "Jina", get: "jina.ai", formats: []*format{
		form("API key", inCode("jina"), text("jina_"), about(60, 32, 100, urlSafes))}},
	{name: "voyage", title: "Voyage", get: "dashboard.voyageai.com", formats: []*format{
		form("API key", inCode("voyage"), text("pa-"), about(43, 40, 64, urlSafes)).behind("voyage")}},
	{name: "pinecone", title: "Pinecone", get: "app.pinecone.io", formats: []*format{
		form("API key", truffles("pinecone"), text("pcsk_"), between(5, 6, alnums), text("_"), exactly(63, alnums)),
		form("older API key", inCode("pinecone"), uuid()...).as(old).behind("pinecone")}},
	{name: "langsmith", title: "LangSmith", get: "smith.langchain.com/settings", formats: []*format{
		form("personal token", truffles("langsmith"), text("lsv2_pt_"), exactly(32, hexes), text("_"),
			exactly(10, hexes)),
		form("service key", truffles("langsmith"), text("lsv2_sk_"), exactly(32, hexes), text("_"),
			exactly(10, hexes))}},
	{name: "langfuse", title: "Langfuse", get: "cloud.langfuse.com", formats: []*format{
		form("secret key", truffles("langfuse"), append([]part{text("sk-lf-")}, uuid()...)...),
		form("public key", truffles("langfuse"), append([]part{text("pk-lf-")}, uuid()...)...).as(wrong).unsought()}},
	{name: "deepgram", title: "Deepgram", get: "console.deepgram.com", formats: []*format{
		form("API key", truffles("deepgram"), exactly(40, base36s)).behind("deepgram")}},
	{name: "assemblyai", title: "AssemblyAI", get: "assemblyai.com/app", formats: []*format{
		form("API key", truffles("assemblyai"), exactly(32, base36s)).behind("assemblyai", "assembly_ai")}},
}

// finders are the providers of search, scraping and browsers.
var finders = []*provider{
	{name: "brave", title: "Brave Search", get: "api-dashboard.search.brave.com", formats: []*format{
		form("API key", inCode("brave"), text("BSA"), about(28, 20, 80, urlSafes))}},
	{name: "tavily", title: "Tavily", get: "app.tavily.com", formats: []*format{
		form("API key", inCode("tavily"), text("tvly-"), about(32, 20, 100, urlSafes)),
		form("key for development", inCode("tavily"), text("tvly-dev-"), about(32, 20, 100, urlSafes)),
		form("key for production", inCode("tavily"), text("tvly-prod-"), about(32, 20, 100, urlSafes))}},
	{name: "firecrawl", title: "Firecrawl", get: "firecrawl.dev/app/api-keys", formats: []*format{
		form("API key", inCode("firecrawl"), text("fc-"), exactly(32, hexes)),
		form("key of another length", newer, text("fc-"), between(33, 100, base36s)).as(plausible)}},
	{name: "exa", title: "Exa", get: "dashboard.exa.ai/api-keys", formats: []*format{
		form("API key", inCode("exa"), uuid()...).behind("exa_", "exa-", "exa.", "exa ", "exaapi", "x-exa")}},
	{name: "serper", title: "Serper", get: "serper.dev/api-key", formats: []*format{
		form("API key", inCode("serper"), exactly(40, hexes)).behind("serper")}},
	{name: "serpapi", title: "SerpApi", get: "serpapi.com/manage-api-key", formats: []*format{
		form("API key", inCode("serpapi"), exactly(64, hexes)).behind("serpapi", "serp_api")}},
	{name: "apify", title: "Apify", get: "console.apify.com/settings/integrations", formats: []*format{
		form("API token", truffles("apify"), text("apify_api_"), exactly(36, hyphened))}},
	{name: "browserbase", title: "Browserbase", get: "browserbase.com/settings", formats: []*format{
		form("API key", inCode("browserbase"), text("bb_live_"), about(27, 20, 80, urlSafes)),
		form("test key", inCode("browserbase"), text("bb_test_"), about(27, 20, 80, urlSafes))}},
	{name: "e2b", title: "E2B", get: "e2b.dev/dashboard", formats: []*format{
		form("API key", inCode("e2b"), text("e2b_"), exactly(40, hexes))}},
	{name: "context7", title: "Context7", get: "context7.com/dashboard", formats: []*format{
		form("API key", inCode("context7"), append([]part{text("ctx7sk-")}, uuid()...)...)}},
}
