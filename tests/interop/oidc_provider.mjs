// A certified OpenID provider (npm oidc-provider) on loopback. Usage: node oidc_provider.mjs PORT RETURN_ADDRESS LOGOUT
import { Provider } from "oidc-provider";

const [port, back, logout] = process.argv.slice(2);
const account = {
  accountId: "ada",
  claims: () => ({ sub: "ada", email: "ada@school.example", email_verified: true, name: "Ada", groups: ["writers"] }),
};
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "hub",
      client_secret: "secret of the interop test",
      redirect_uris: [back],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      backchannel_logout_uri: logout,
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
  findAccount: () => account,
  features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
  pkce: { required: () => true },
  conformIdTokenClaims: true,
  cookies: { keys: ["a key of the interop test"] },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
