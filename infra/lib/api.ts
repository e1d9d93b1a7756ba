/**
 * The front door: an HTTP API with exactly the routes of the file, and Ringback's own. What is no route is answered by
 * API Gateway itself, with 404, and costs no invocation.
 */
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, HttpRoute, HttpRouteKey, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Functions } from './functions.ts';
import type { Plan } from './plan.ts';

export type Front = 'trigger' | 'callback' | 'api';

export interface Route {
  readonly function: Front;
  readonly method: string;
  readonly path: string;
}

/** Ringback's own routes; `emulator plan` keeps the file's away from them. */
export const OWN: readonly Route[] = [
  // Webhooks of the file's sources.
  { function: 'trigger', method: 'POST', path: '/api/webhooks/{source}' },
  { function: 'api', method: 'ANY', path: '/api/{proxy+}' },
  ...['/health', '/ready', '/metrics', '/openapi.json', '/console'].map(
    (path) => ({ function: 'api', method: 'GET', path }) as const,
  ),
  { function: 'api', method: 'GET', path: '/console/{proxy+}' },
];

/** All routes of a plan. */
export function routes(plan: Plan): Route[] {
  return [...plan.routes.map(({ function: name, method, path }) => ({ function: name, method, path })), ...OWN];
}

/** The API alone: the functions have to know its address, and its routes know the functions. */
export function api(scope: Construct, name: string, accessLog: RetentionDays | undefined): HttpApi {
  const made = new HttpApi(scope, 'Api', { apiName: name, createDefaultStage: accessLog === undefined });
  if (accessLog !== undefined) {
    const log = new LogGroup(scope, 'AccessLog', { retention: accessLog, removalPolicy: RemovalPolicy.DESTROY });
    made.addStage('LoggedStage', {
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings: { destination: new LogGroupLogDestination(log) },
    });
  } else if (made.defaultStage) {
    Validations.of(made.defaultStage).acknowledge({
      id: 'AwsSolutions-APIG1',
      reason:
        'Functions log what they accept and refuse; a line for each request more is paid for on request (accessLogs).',
    });
  }
  return made;
}

/** Each route with its function; one permission for each function, as one for each route outgrows its policy. */
export function addRoutes(scope: Construct, httpApi: HttpApi, functions: Functions, all: readonly Route[]): void {
  const integration = (name: Front) =>
    new HttpLambdaIntegration(name, functions[name], { scopePermissionToRoute: false });
  const integrations = { trigger: integration('trigger'), callback: integration('callback'), api: integration('api') };
  for (const route of all) {
    const made = new HttpRoute(scope, `${route.method} ${route.path.replaceAll('/', '|')}`, {
      httpApi,
      routeKey: HttpRouteKey.with(route.path, HttpMethod[route.method as keyof typeof HttpMethod]),
      integration: integrations[route.function],
    });
    Validations.of(made).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason: 'Listeners are public by nature and verify who sent a request; the API checks a bearer token itself.',
    });
  }
}
