@unionpay @host-control
Feature: The totals of a batch
  At the end of the day till and host hold their books against each other: what came from cardholders, what went back to them, and
  cards from abroad apart, since another network settles those.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SET-001 @SET-012 @SET-017
  Scenario: Sales, a void and a refund are settled in balance
    Given Bob has paid 10.00 CNY at "T1" 3 times
    When Bob has the 1st sale voided at "T1"
    And Bob has 4.00 CNY of the 2nd sale refunded at "T1"
    And the cashier settles at "T1"
    Then "T1" shows BALANCED
    And "T1" shows SETTLED
    And the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result |
      | domestic | 3      | 30.00 | 2       | 14.00  | none   |
    And the answer to the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result   |
      | domestic | 3      | 30.00 | 2       | 14.00  | balanced |
      | foreign  | 0      | 0.00  | 0       | 0.00   | balanced |
    And "T1" works in batch "000002"
    And batch "000001" of "T1" is settled at the host
    And "Noodle House" is owed 16.00 CNY

  @SET-001
  Scenario: A completed deposit is a debit, an open one and a declined sale are nothing
    Given Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice leaves a deposit of 100.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 480.00 CNY at "T1"
    And Dave swipes 10.00 CNY at "T1"
    When the cashier settles at "T1"
    Then "T1" shows BALANCED
    And the 1st settlement has the totals
      | cards    | debits | debit  | credits | credit | result |
      | domestic | 1      | 480.00 | 0       | 0.00   | none   |

  @SET-001 @clock
  Scenario: A sale that was reversed is in no totals
    Given Bob has paid 10.00 CNY at "T1"
    And the line loses the answer to the 2nd sale
    And Bob swipes 20.00 CNY at "T1"
    When the cashier settles at "T1"
    Then "T1" shows BALANCED
    And the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result |
      | domestic | 1      | 10.00 | 0       | 0.00   | none   |

  @SET-002
  Scenario: A card from abroad is counted apart
    Given Mia has paid 70.00 CNY at "T1"
    And Bob has paid 10.00 CNY at "T1"
    When Mia has 30.00 CNY of the 1st sale refunded at "T1"
    And the cashier settles at "T1"
    Then "T1" shows BALANCED
    And the answer to the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result   |
      | domestic | 1      | 10.00 | 0       | 0.00   | balanced |
      | foreign  | 1      | 70.00 | 1       | 30.00  | balanced |
    And the totals slip of "T1" has
      | line         | value       |
      | SLIP_FOREIGN | *           |
      | SLIP_DEBIT   | 1 10.00 CNY |
      | SLIP_DEBIT   | 1 70.00 CNY |
      | SLIP_CREDIT  | 1 30.00 CNY |

  @SET-003 @SET-004 @clock
  Scenario: The host has a sale that the till could not take back
    Given Bob has paid 10.00 CNY at "T1"
    And Bob has paid 20.00 CNY at "T1", which could not take it back
    When the cashier settles at "T1"
    Then "T1" shows UNBALANCED
    And "T1" shows SETTLED
    And the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result |
      | domestic | 1      | 10.00 | 0       | 0.00   | none   |
    And the answer to the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result     |
      | domestic | 2      | 30.00 | 0       | 0.00   | unbalanced |
      | foreign  | 0      | 0.00  | 0       | 0.00   | balanced   |
    And the totals slip of "T1" has
      | line            | value       |
      | SLIP_UNBALANCED | *           |
      | SLIP_DEBIT      | 1 10.00 CNY |
    And batch "000001" of "T1" is settled at the host

  @SET-007
  Scenario: A batch without a payment balances
    When the cashier settles at "T1"
    Then "T1" shows BALANCED
    And these messages went over the wire
      | from | message            | trace | F39 | F60.3 |
      | T1   | settlement         | 2     |     | 201   |
      | host | settlement answer  | 2     | 00  | 201   |
      | T1   | upload-end         | 3     |     | 207   |
      | host | upload-end answer  | 3     | 00  | 207   |
      | T1   | sign-out           | 4     |     | 002   |
      | host | sign-out answer    | 4     | 00  | 002   |
    And the 1st upload-end counts 0 payments
