/**
 * The table: every state there is. The same as the emulator makes (emulator/aws/src/database.rs).
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';

/** The sparse index of lists. */
export const INDEX = 'list';

const text = (name: string) => ({ name, type: AttributeType.STRING });

export function table(scope: Construct, removalPolicy: RemovalPolicy): Table {
  const made = new Table(scope, 'Table', {
    partitionKey: text('pk'),
    sortKey: text('sk'),
    billingMode: BillingMode.PAY_PER_REQUEST,
    // Relay reads what an item owes from its new image.
    stream: StreamViewType.NEW_IMAGE,
    timeToLiveAttribute: 'expires',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy,
    deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
  });
  // Keys alone, and an item's never change: a change of its state costs the index nothing.
  made.addGlobalSecondaryIndex({
    indexName: INDEX,
    partitionKey: text('list'),
    sortKey: text('at'),
    projectionType: ProjectionType.KEYS_ONLY,
  });
  return made;
}
