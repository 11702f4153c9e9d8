@unionpay @host-control
Feature: After the settlement comes the next batch
  Every payment belongs to one batch, and every batch is settled once.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SET-012
  Scenario: The next day's sale is of the next batch
    Given Bob has paid 10.00 CNY at "T1"
    When the cashier settles at "T1"
    And the cashier signs in at "T1"
    And Bob swipes 20.00 CNY at "T1"
    And the cashier settles at "T1"
    Then "T1" shows BALANCED
    And "T1" works in batch "000003"
    And the 2nd settlement carries
      | field | value  |
      | F60.2 | 000002 |
    And the 2nd settlement has the totals
      | cards    | debits | debit | credits | credit | result |
      | domestic | 1      | 20.00 | 0       | 0.00   | none   |
    And batch "000001" of "T1" is settled at the host
    And batch "000002" of "T1" is settled at the host

  @SET-012
  Scenario: After batch 999999 comes batch 000001
    Given the host has opened batch "999999" for "T1"
    And the cashier has tried to sign in at "T1"
    And Bob has paid 10.00 CNY at "T1"
    When the cashier settles at "T1"
    And the cashier signs in at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows SETTLED
    And "T1" works in batch "000001"
    And "T1" shows APPROVED
    And the 2nd sale carries
      | field | value  |
      | F60.2 | 000001 |

  @SET-017
  Scenario: The till signs out when it has settled
    Given Bob has paid 10.00 CNY at "T1"
    When the cashier settles at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SETTLED
    And "T1" is signed off
    And the 1st sign-out carries
      | field | value  |
      | F60.2 | 000001 |
      | F60.3 | 002    |
    And "T1" shows SIGN_IN_FIRST

  @SET-020
  Scenario: The totals slip tells the batch by direction, origin and kind, and no card
    Given Bob has paid 10.00 CNY at "T1" 2 times
    When Bob has the 1st sale voided at "T1"
    And the cashier settles at "T1"
    Then "T1" shows SETTLED
    And the totals slip of "T1" has
      | line          | value                  |
      | SLIP_MERCHANT | Noodle House           |
      | SLIP_BATCH    | 000001                 |
      | SLIP_BALANCED |                        |
      | SLIP_DEBIT    | 2 20.00 CNY            |
      | SLIP_CREDIT   | 1 10.00 CNY            |
      | SLIP_COUNT    | @FLOW_SALE 2 20.00 CNY |
      | SLIP_COUNT    | @FLOW_VOID 1 10.00 CNY |
    And no output holds Bob's PIN, track or card number

  @SET-020
  Scenario: A slip of totals that found no paper is printed when there is some
    Given Bob has paid 10.00 CNY at "T1"
    And "T1" is out of paper
    When the cashier settles at "T1"
    And "T1" has new paper
    Then "T1" shows SETTLED
    And "T1" shows PAPER_OUT
    And "T1" prints 1 receipt
    And the totals slip of "T1" has
      | line       | value       |
      | SLIP_DEBIT | 1 10.00 CNY |
