/** Whether a callback was signed by the service: Standard Webhooks, with its tolerance of five minutes. */
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

export type CallbackCheck =
  | { readonly kind: 'good' }
  | { readonly kind: 'bad'; readonly reason: string }
  /** There is no secret to check it with. */
  | { readonly kind: 'unchecked' };

/** Any of the secrets will do: after a rotation the service signs with several. */
export function checkCallback(
  headers: Readonly<Record<string, string>>,
  body: string,
  secrets: readonly string[],
): CallbackCheck {
  let check: CallbackCheck = { kind: 'unchecked' };
  for (const secret of secrets) {
    check = checkWith(secret, headers, body);
    if (check.kind === 'good') break;
  }
  return check;
}

/** Whether a text can be a secret, in the form `whsec_…`. */
export function isCallbackSecret(text: string): boolean {
  try {
    return text.startsWith('whsec_') && new Webhook(text) instanceof Webhook;
  } catch {
    return false;
  }
}

function checkWith(secret: string, headers: Readonly<Record<string, string>>, body: string): CallbackCheck {
  try {
    new Webhook(secret).verify(body, headers, { jsonParse: false });
    return { kind: 'good' };
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    return { kind: 'bad', reason: error.message };
  }
}
