@unionpay @host-control
Feature: The upload of a batch that does not balance
  When the totals differ the host wants to see every payment, so that people find the one that is missing.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SET-005 @clock
  Scenario Outline: <payments> payments make <messages>
    Given Bob has paid 10.00 CNY at "T1" <payments> times
    And Bob has paid 20.00 CNY at "T1", which could not take it back
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And the <last> batch-upload has <rows> rows
    And the 1st upload-end counts <payments> payments
    And the answer to the 1st upload-end carries
      | field | value |
      | F39   | 00    |
      | F60.3 | 202   |

    Examples:
      | payments | messages   | last | rows |
      | 8        | one        | 1st  | 8    |
      | 9        | two        | 2nd  | 1    |
      | 16       | two        | 2nd  | 8    |
      | 17       | three      | 3rd  | 1    |

  @SET-006 @SET-007 @clock
  Scenario: A refund is uploaded in its own fields, after the rows
    Given Bob has paid 10.00 CNY at "T1"
    And Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And Bob has paid 20.00 CNY at "T1", which could not take it back
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And these messages went over the wire
      | from | message              | trace | F39 | F60.1 | F60.3 |
      | T1   | settlement           | 5     |     | 00    | 201   |
      | host | settlement answer    | 5     | 00  | 00    | 201   |
      | T1   | batch-upload         | 6     |     | 00    | 201   |
      | host | batch-upload answer  | 6     | 00  | 00    | 201   |
      | T1   | refund-upload        | 3     |     | 25    | 000   |
      | host | refund-upload answer | 3     | 00  | 25    | 000   |
      | T1   | upload-end           | 8     |     | 00    | 202   |
      | host | upload-end answer    | 8     | 00  | 00    | 202   |
      | T1   | sign-out             | 9     |     | 00    | 002   |
      | host | sign-out answer      | 9     | 00  | 00    | 002   |
    And the 1st batch-upload has 1 row
    And the 1st refund-upload carries
      | field | value        |
      | F4    | 000000000400 |
      | F37   | *            |
      | F61.3 | *            |
      | F52   |              |
    And the 1st upload-end counts 2 payments

  @SET-006 @clock
  Scenario: A completion advice is uploaded in its own fields
    Given Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice has the 1st pre-auth completed by advice with 480.00 CNY at "T1"
    And Bob has paid 20.00 CNY at "T1", which could not take it back
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And the 1st completion-upload carries
      | field | value        |
      | F4    | 000000048000 |
      | F11   | 000003       |
      | F38   | *            |
      | F60.1 | 24           |
    And the 1st upload-end counts 1 payment

  @SET-002 @clock
  Scenario: A row says that its card is from abroad
    Given Mia has paid 70.00 CNY at "T1"
    And Bob has paid 20.00 CNY at "T1", which could not take it back
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And the answer to the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result     |
      | domestic | 1      | 20.00 | 0       | 0.00   | unbalanced |
      | foreign  | 1      | 70.00 | 0       | 0.00   | balanced   |

  @SET-008 @clock
  Scenario: When the host has counted other uploads all are sent again
    Given Bob has paid 10.00 CNY at "T1" 9 times
    And Bob has paid 20.00 CNY at "T1", which could not take it back
    And the line changes F48 of the 1st upload-end to "0008"
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And these messages went over the wire
      | from | message             | F39 | note |
      | T1   | settlement          |     |      |
      | host | settlement answer   | 00  |      |
      | T1   | batch-upload        |     |      |
      | host | batch-upload answer | 00  |      |
      | T1   | batch-upload        |     |      |
      | host | batch-upload answer | 00  |      |
      | T1   | upload-end          |     | changed |
      | host | upload-end answer   | 95  |      |
      | T1   | batch-upload        |     |      |
      | host | batch-upload answer | 00  |      |
      | T1   | batch-upload        |     |      |
      | host | batch-upload answer | 00  |      |
      | T1   | upload-end          |     |      |
      | host | upload-end answer   | 00  |      |
      | T1   | sign-out            |     |      |
      | host | sign-out answer     | 00  |      |
    And batch "000001" of "T1" is settled at the host
