/** A provider of logins for tests: it lets everybody in, as OpenID Connect has it, with a code, PKCE and a signed token. */
import { createHash, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const CLIENT = { id: 'chat-room', secret: 'for tests' };
export const VISITOR = { sub: 'visitor-1', email: 'visitor@example.com', name: '방문자 하나', picture: '' };

interface Grant {
  nonce: string;
  challenge: string;
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

export class LoginProvider {
  private readonly keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private readonly grants = new Map<string, Grant>();
  private readonly http: Server = createServer((request, response) => void this.serve(request, response));

  static async start(): Promise<LoginProvider> {
    const provider = new LoginProvider();
    await new Promise<void>((resolve) => provider.http.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async stop() {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? '/', this.url);
    const json = (value: unknown, status = 200) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json({
          issuer: this.url,
          authorization_endpoint: `${this.url}/authorize`,
          token_endpoint: `${this.url}/token`,
          jwks_uri: `${this.url}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        });
      case '/keys':
        return json({ keys: [{ ...this.keys.publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'RS256', use: 'sig' }] });
      case '/authorize': {
        const code = randomUUID();
        const query = url.searchParams;
        this.grants.set(code, { nonce: query.get('nonce') ?? '', challenge: query.get('code_challenge') ?? '' });
        const back = new URL(query.get('redirect_uri')!);
        back.searchParams.set('code', code);
        back.searchParams.set('state', query.get('state') ?? '');
        return response.writeHead(302, { Location: back.href }).end();
      }
      case '/token': {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        const form = new URLSearchParams(body);
        const grant = this.grants.get(form.get('code') ?? '');
        this.grants.delete(form.get('code') ?? '');
        const proof = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
        if (!grant || grant.challenge !== proof) return json({ error: 'invalid_grant' }, 400);
        return json({ access_token: randomUUID(), token_type: 'Bearer', expires_in: 300, id_token: this.idToken(grant.nonce) });
      }
      default:
        return json({}, 404);
    }
  }

  private idToken(nonce: string): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = { ...VISITOR, email_verified: true, iss: this.url, aud: CLIENT.id, iat: now, exp: now + 300, nonce };
    const signed = `${encode({ alg: 'RS256', kid: 'test', typ: 'JWT' })}.${encode(claims)}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.keys.privateKey, 'base64url')}`;
  }
}
