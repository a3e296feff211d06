/** The HTTP server over a service: routes, limits, problems and metrics put together. It listens to nothing yet. */
import swagger from '@fastify/swagger';
import Fastify from 'fastify';
import type { Registry } from 'prom-client';
import {
  HEADER_BYTES_MAX,
  STALLED_MS_MAX,
  UNSENT_BYTES_MAX,
  UNSENT_FREE_BYTES,
  WAITERS_MAX,
} from '../domain/limits.ts';
import type { CallerSecrets } from '../callbacks/callback-secrets.ts';
import type { ClusterStatus } from '../service/cluster/cluster.ts';
import { ScopedService } from '../service/scoped-service.ts';
import type { Service } from '../service/service.ts';
import { askForKeys, ownCallerId, type KeyRing } from './access.ts';
import { addCallbackSecretRoute } from './callback-secret-route.ts';
import { addChangeRoutes } from './change-routes.ts';
import { clientErrorHandler } from './client-error.ts';
import { COMPONENTS } from './documented.ts';
import { addDocumentsRoutes } from './documents-routes.ts';
import { errorHandler, notFoundHandler } from './error-handler.ts';
import { addEventsRoute } from './events-route.ts';
import { addFetchRoute } from './fetch-route.ts';
import type { HttpApp, HttpConfig, HttpContext, SchemaTypes } from './http-context.ts';
import type { HttpLogger } from './http-logger.ts';
import { keepClusterMetrics } from './cluster-metrics.ts';
import { keepHttpMetrics } from './http-metrics.ts';
import { isBodyRefused, takeJsonBodies } from './json-body.ts';
import { addListRoute } from './list-route.ts';
import { addPostValuesRoute } from './post-values-route.ts';
import { addValuesBatchRoute } from './values-batch-route.ts';
import { addValuesRoute } from './values-route.ts';
import { addMetricsRoute } from './metrics-route.ts';
import { openApiOptions } from './openapi-options.ts';
import { addOperationsRoutes } from './operations-routes.ts';
import { parseQuery } from './query.ts';
import { checkRequestHeads } from './request-head.ts';
import { schemaCheck } from './schema-check.ts';
import { addAsyncRoute } from './async-route.ts';
import { addSubmitRoute } from './submit-route.ts';
import { addSyncRoute } from './sync-route.ts';
import { UnsentAnswers } from './unsent-answers.ts';
import { Waiters } from './waiters.ts';

export interface AppParts {
  readonly service: Service;
  readonly config: HttpConfig;
  readonly metrics: Registry;
  readonly logger: HttpLogger;
  /** Absent: no keys are asked for, and every caller id is believed. */
  readonly access?: {
    readonly keys: KeyRing;
    readonly secretsOf: (callerId: string) => CallerSecrets;
  };
  /** Absent: there is one replica only. */
  readonly clusterStatus?: () => Promise<ClusterStatus>;
}

/** To be started with `listen` and stopped with `close`, which answers what is in flight and ends all waiting first. */
export function buildApp({ service, config, metrics, logger, access, clusterStatus }: AppParts): HttpApp {
  const onError = errorHandler(logger);
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 30_000, keepAliveMs = 75_000 } = config;
  const app: HttpApp = Fastify({
    logger: false,
    http: {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // How exactly the two above are kept.
      connectionsCheckingInterval: Math.max(50, Math.min(headersTimeoutMs, requestTimeoutMs) / 5),
      optimizeEmptyRequests: true,
      // Node.js would answer without a body; `checkRequestHeads` asks for it.
      requireHostHeader: false,
    },
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    clientErrorHandler: clientErrorHandler({ headersTimeoutMs, requestTimeoutMs }),
    frameworkErrors: onError,
    // While closing, requests on open connections are still answered; what accepts work refuses by itself.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // A path may hold a number of any length; as a whole it is bounded like all headers.
    routerOptions: {
      ignoreTrailingSlash: true,
      querystringParser: parseQuery,
      maxParamLength: HEADER_BYTES_MAX,
    },
  }).withTypeProvider<SchemaTypes>();

  // An expectation other than 100-continue may be ignored (RFC 9110, section 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.server.on('checkContinue', (request, response) => {
    if (!isBodyRefused(request)) response.writeContinue();
    app.server.emit('request', request, response);
  });
  checkRequestHeads(app);
  app.setErrorHandler(onError);
  app.setNotFoundHandler(notFoundHandler(app));
  app.setValidatorCompiler(schemaCheck);
  // Bodies are checked by tests against the schemas that document them; compiling those would only slow the start.
  app.setSerializerCompiler(() => JSON.stringify);
  takeJsonBodies(app);

  const waiters = new Waiters(config.waitersMax ?? WAITERS_MAX);
  app.addHook('preClose', (done) => {
    waiters.close();
    // Connections that become idle from here on have nothing to wait for.
    app.server.keepAliveTimeout = 1;
    app.server.keepAliveTimeoutBuffer = 0;
    done();
  });
  keepHttpMetrics(app, metrics, waiters);
  if (clusterStatus) keepClusterMetrics(metrics, clusterStatus);

  for (const [name, schema] of Object.entries(COMPONENTS)) app.addSchema({ ...schema, $id: name });
  app.register(swagger, openApiOptions);
  const context: HttpContext = {
    serviceFor: (request) => {
      const callerId = ownCallerId(request);
      return callerId === undefined ? service : new ScopedService(service, callerId);
    },
    secretsOf: access?.secretsOf,
    config,
    waiters,
    unsent: new UnsentAnswers({
      bytesMax: config.unsentBytesMax ?? UNSENT_BYTES_MAX,
      freeBytes: UNSENT_FREE_BYTES,
      stalledMs: config.stalledMs ?? STALLED_MS_MAX,
    }),
    metrics,
    logger,
  };
  app.register((routes, _options, done) => {
    const typed: HttpApp = routes.withTypeProvider<SchemaTypes>();
    if (access) askForKeys(typed, access.keys);
    addSubmitRoute(typed, context);
    addSyncRoute(typed, context);
    addAsyncRoute(typed, context);
    addListRoute(typed, context);
    addFetchRoute(typed, context);
    addEventsRoute(typed, context);
    addChangeRoutes(typed, context);
    addPostValuesRoute(typed, context);
    addValuesBatchRoute(typed, context);
    addValuesRoute(typed, context);
    addCallbackSecretRoute(typed, context);
    addMetricsRoute(typed, context);
    done();
  });
  app.register((routes, _options, done) => {
    const typed: HttpApp = routes.withTypeProvider<SchemaTypes>();
    addOperationsRoutes(typed, service, clusterStatus);
    addDocumentsRoutes(typed);
    done();
  });
  return app;
}
