@unionpay @host-control
Feature: A settlement that is interrupted
  Lines break and power goes in the middle of an upload. The till goes on where the host has acknowledged, and until it is through
  neither side trades, so that the totals stay what they were.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1" 9 times

  @SET-009 @SET-013 @clock
  Scenario: Until an interrupted settlement has gone on there is no trade
    Given Bob has paid 20.00 CNY at "T1", which could not take it back
    And the line breaks before the 2nd batch-upload
    And the line breaks before the 3rd batch-upload
    And the line breaks before the 4th batch-upload
    When the cashier settles at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SETTLEMENT_INTERRUPTED
    And "T1" shows SETTLE_FIRST
    And "T1" has a half done settlement
    And batch "000001" of "T1" is half settled at the host

  @SET-009 @SET-010 @clock
  Scenario: The upload goes on from the last row that was acknowledged
    Given Bob has paid 20.00 CNY at "T1", which could not take it back
    And the line breaks before the 2nd batch-upload
    And the line breaks before the 3rd batch-upload
    And the line breaks before the 4th batch-upload
    When the cashier settles at "T1"
    And the cashier settles at "T1"
    Then "T1" shows SETTLEMENT_INTERRUPTED
    And "T1" shows SETTLED
    And "T1" has no half done settlement
    And batch "000001" of "T1" is settled at the host
    And these messages went over the wire
      | from | message             | trace | F39 | note |
      | T1   | settlement          | 12    |     |      |
      | host | settlement answer   | 12    | 00  |      |
      | T1   | batch-upload        | 13    |     |      |
      | host | batch-upload answer | 13    | 00  |      |
      | T1   | batch-upload        | 14    |     | cut  |
      | T1   | batch-upload        | 14    |     | cut  |
      | T1   | batch-upload        | 14    |     | cut  |
      | T1   | batch-upload        | 14    |     |      |
      | host | batch-upload answer | 14    | 00  |      |
      | T1   | upload-end          | 15    |     |      |
      | host | upload-end answer   | 15    | 00  |      |
      | T1   | sign-out            | 16    |     |      |
      | host | sign-out answer     | 16    | 00  |      |
    And the 1st upload-end counts 9 payments

  @SET-010 @SET-011 @clock
  Scenario: Rows whose answer is lost are sent again as they were, and count once
    Given Bob has paid 20.00 CNY at "T1", which could not take it back
    And the line breaks before the answer to the 1st batch-upload
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And these messages went over the wire
      | from | message             | trace | F39 | note |
      | T1   | settlement          | 12    |     |      |
      | host | settlement answer   | 12    | 00  |      |
      | T1   | batch-upload        | 13    |     |      |
      | host | batch-upload answer | 13    | 00  | cut  |
      | T1   | batch-upload        | 13    |     |      |
      | host | batch-upload answer | 13    | 00  |      |
      | T1   | batch-upload        | 14    |     |      |
      | host | batch-upload answer | 14    | 00  |      |
      | T1   | upload-end          | 15    |     |      |
      | host | upload-end answer   | 15    | 00  |      |
      | T1   | sign-out            | 16    |     |      |
      | host | sign-out answer     | 16    | 00  |      |

  @SET-009 @clock
  Scenario: A sign-in in the middle loses nothing of what was uploaded
    Given Bob has paid 20.00 CNY at "T1", which could not take it back
    And "T1" loses its power right after sending the 2nd batch-upload
    When the cashier settles at "T1"
    And "T1" starts again
    And the cashier signs in at "T1"
    And the cashier settles at "T1"
    Then "T1" shows SETTLED
    And these messages went over the wire
      | from | message             | trace | F39 | note |
      | T1   | settlement          | 12    |     |      |
      | host | settlement answer   | 12    | 00  |      |
      | T1   | batch-upload        | 13    |     |      |
      | host | batch-upload answer | 13    | 00  |      |
      | T1   | batch-upload        | 14    |     |      |
      | host | batch-upload answer | 14    | 00  |      |
      | T1   | sign-in             | 15    |     |      |
      | host | sign-in answer      | 15    | 00  |      |
      | T1   | batch-upload        | 14    |     |      |
      | host | batch-upload answer | 14    | 00  |      |
      | T1   | upload-end          | 16    |     |      |
      | host | upload-end answer   | 16    | 00  |      |
      | T1   | sign-out            | 17    |     |      |
      | host | sign-out answer     | 17    | 00  |      |
    And batch "000001" of "T1" is settled at the host

  @SET-018
  Scenario: Power goes before the end of the uploads
    Given "T1" loses its power right after sending the 1st upload-end
    When the cashier settles at "T1"
    And "T1" starts again
    And Bob swipes 10.00 CNY at "T1"
    And the cashier settles at "T1"
    Then "T1" shows SETTLE_FIRST
    And "T1" shows SETTLED
    And the totals slip of "T1" has
      | line          | value                   |
      | SLIP_BALANCED |                         |
      | SLIP_DEBIT    | 9 90.00 CNY             |
    And batch "000001" of "T1" is settled at the host

  @SET-019
  Scenario: The host has begun the next batch, since only its answer to the end was lost
    Given the line breaks before the answer to the 1st upload-end
    And the line breaks before the answer to the 2nd upload-end
    And the line breaks before the answer to the 3rd upload-end
    When the cashier settles at "T1"
    And the cashier signs in at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SETTLEMENT_INTERRUPTED
    And "T1" has no half done settlement
    And "T1" works in batch "000002"
    And the totals slip of "T1" has
      | line       | value       |
      | SLIP_BATCH | 000001      |
      | SLIP_DEBIT | 9 90.00 CNY |
    And "T1" shows APPROVED

  @SET-026 @clock
  Scenario: The host has compared the totals, and refuses them while it is in maintenance
    Given "T1" loses its power right after receiving the answer to the 1st settlement
    And the cashier settles at "T1"
    And "T1" starts again
    And the host is in maintenance
    And the cashier settles at "T1"
    And the host is working again
    When Bob swipes 10.00 CNY at "T1"
    And the cashier settles at "T1"
    Then "T1" shows SETTLE_FIRST
    And "T1" shows SETTLED
    And batch "000001" of "T1" is settled at the host

  @SET-025 @host-control
  Scenario: The storage does not take the end of a batch, and the power goes in the next one
    Given "T1" cannot write to its storage right after receiving the answer to the 1st sign-out
    And the cashier settles at "T1"
    And the cashier signs in at "T1"
    And Bob swipes 10.00 CNY at "T1"
    And "T1" starts again
    When the cashier settles at "T1"
    Then "T1" shows BALANCED
    And the 2nd settlement has the totals
      | cards    | debits | debit |
      | domestic | 1      | 10.00 |
    And batch "000002" of "T1" is settled at the host

  @SET-014
  Scenario: The host takes no payment of a batch whose totals it has compared
    Given the line breaks before the 1st upload-end
    And the line breaks before the 2nd upload-end
    And the line breaks before the 3rd upload-end
    When the cashier settles at "T1"
    And "T1" is made to send the 1st sale again
    And "T1" is made to send a sale with F4 "000000000500"
    Then "T1" shows SETTLEMENT_INTERRUPTED
    And the answer to the 11th sale carries
      | field | value |
      | F39   | 77    |
    And "Noodle House" is owed 90.00 CNY

  @SET-010
  Scenario: Totals that nobody could be told leave nothing half done
    Given the line refuses connections
    When the cashier settles at "T1"
    And the line works again
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SETTLEMENT_INTERRUPTED
    And "T1" has no half done settlement
    And "T1" shows APPROVED
