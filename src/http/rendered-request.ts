/** The answer that shows a request, with its entity tag; kept for a request that has ended, as long as its view is. */
import { hasEnded } from '../domain/request.ts';
import type { RequestView } from '../service/service.ts';
import { entityTag } from './entity-tag.ts';
import { requestJson } from './request-json.ts';

export interface RenderedRequest {
  readonly body: string;
  readonly tag: string;
}

/** Goes with the views that the service keeps: an ended request does not change, and is what is asked for most. */
const kept = new WeakMap<RequestView, RenderedRequest>();

export function renderRequest(view: RequestView): RenderedRequest {
  const known = kept.get(view);
  if (known !== undefined) return known;
  const body = requestJson(view);
  const rendered = { body, tag: entityTag(body) };
  if (hasEnded(view.status)) kept.set(view, rendered);
  return rendered;
}
