import { Template } from 'aws-cdk-lib/assertions';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OWN } from '../lib/api.ts';
import { functionId, PLAN, resources, template } from './fixture.ts';

/** `METHOD path` of each route, and the logical id of its function. */
function routes(from: Template): [string, string][] {
  const integrations = new Map(resources(from, 'AWS::ApiGatewayV2::Integration'));
  return resources(from, 'AWS::ApiGatewayV2::Route').map(([, { Properties: p }]) => {
    const id = p.Target['Fn::Join'][1].find((part: { Ref?: string }) => part.Ref)?.Ref as string;
    const integration = integrations.get(id)?.Properties;
    assert.equal(integration.PayloadFormatVersion, '2.0');
    return [p.RouteKey as string, integration.IntegrationUri['Fn::GetAtt'][0] as string];
  });
}

const made = template();

test('each route of the plan leads to its function, once, and there are no others but our own', () => {
  const wanted = [...PLAN.routes, ...OWN].map((route): [string, string] => [
    `${route.method} ${route.path}`,
    functionId(made, route.function),
  ]);
  assert.deepEqual(routes(made).sort(), wanted.sort());
});

test('a webhook of a source goes to trigger, the rest below /api to api', () => {
  const found = new Map(routes(made));
  assert.equal(found.get('POST /api/webhooks/{source}'), functionId(made, 'trigger'));
  assert.equal(found.get('ANY /api/{proxy+}'), functionId(made, 'api'));
});

test('addresses have no stage before them', () => {
  made.resourceCountIs('AWS::ApiGatewayV2::Stage', 1);
  made.hasResourceProperties('AWS::ApiGatewayV2::Stage', { StageName: '$default', AutoDeploy: true });
  const logged = template({ accessLogs: true });
  logged.resourceCountIs('AWS::ApiGatewayV2::Stage', 1);
  logged.hasResourceProperties('AWS::ApiGatewayV2::Stage', { StageName: '$default' });
});

test('a function is allowed to the API once, however many routes there are', () => {
  const many = Array.from({ length: 200 }, (_, n) => ({
    function: 'trigger' as const,
    method: 'POST',
    path: `/many/${n}`,
    listener: 'in',
    line: n,
  }));
  const all = template({ plan: { ...PLAN, routes: many } });
  all.resourceCountIs('AWS::ApiGatewayV2::Route', 200 + OWN.length);
  assert.ok(resources(all, 'AWS::Lambda::Permission').length <= 3);
});
