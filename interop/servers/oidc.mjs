// An authorization server of panva's oidc-provider: one client, one resource, tokens
// that last three seconds. PORT, RESOURCE and MODULES say where.
const { Provider } = await import(`${process.env.MODULES}/oidc-provider/lib/index.js`)
const { PORT, RESOURCE } = process.env

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  clients: [
    { client_id: 'load-tests', client_secret: 'not a secret/of anybody:1', grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'mcp' },
    { client_id: 'guard', client_secret: 'guard-secret', grant_types: [], redirect_uris: [], response_types: [] },
  ],
  scopes: ['mcp'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (ctx, resource) => {
        if (resource !== RESOURCE) throw new Error('no such resource')
        return { scope: 'mcp', audience: RESOURCE, accessTokenFormat: 'opaque', accessTokenTTL: 3 }
      },
    },
  },
  ttl: { ClientCredentials: () => 3 },
})
provider.listen(Number(PORT), '127.0.0.1')
