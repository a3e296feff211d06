/** The OpenAPI document without a server that listens or a service behind it. */
import { Registry } from 'prom-client';
import { EMPTY_ALLOW_LIST } from '../callbacks/allow-list.ts';
import type { Service } from '../service/service.ts';
import { buildApp } from './build-app.ts';

/** What `GET /openapi.json` answers. */
export async function openApiDocument(): Promise<object> {
  const app = buildApp({
    service: NO_SERVICE,
    config: { digitsMax: 1, waitMsMax: 0, callbackPolicy: { allowList: EMPTY_ALLOW_LIST, ports: [] } },
    metrics: new Registry(),
    logger: { error: () => undefined },
  });
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}

/** No route is called. */
const nothing = (): never => {
  throw new Error('There is no service behind a document');
};
const NO_SERVICE: Service = {
  accept: nothing,
  acceptInline: nothing,
  lookUp: nothing,
  wait: nothing,
  watch: nothing,
  list: nothing,
  cancel: nothing,
  resume: nothing,
  redeliver: nothing,
  postValues: nothing,
  valuesBatch: nothing,
  valuesOf: nothing,
  readiness: nothing,
};
