Feature: Voiding a sale
  The guest changes his mind before the day is closed: the sale is taken back whole, by voucher number, with the supervisor's consent.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"

  @VOI-001 @host-control
  Scenario: A voided sale costs nothing
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And "T1" prints 2 receipts
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | void        | 3     |      |
      | host | void answer | 3     | 00   |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @VOI-001
  Scenario: A void names its original
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And the 1st void carries
      | field          | value        |
      | amount         | 000000001000 |
      | original_rrn   | *            |
      | original_trace | 000002       |

  @VOI-001 @unionpay
  Scenario: In UnionPay's layout a void names batch and trace
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And the 1st void carries
      | field | value  |
      | F60.1 | 23     |
      | F61.1 | 000001 |
      | F61.2 | 000002 |

  @VOI-002
  Scenario: Nobody voids without the supervisor
    When Bob has the 1st sale voided at "T1" without the supervisor
    Then no message went to the host

  @VOI-003 @clock @host-control
  Scenario: A void whose answer is lost is taken back, and the sale stands
    Given the line loses the answer to the 1st void
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | void            | 3     |      |           |
      | host | void answer     | 3     | 00   | lost      |
      | T1   | reversal        | 3     | 98   | after 60s |
      | host | reversal answer | 3     | 00   |           |
    And Bob's card holds 4990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @VOI-004 @host-control
  Scenario: The same void twice gives the money back once
    When Bob has the 1st sale voided at "T1"
    And "T1" is made to send the 1st void again
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | void        | 3     |      |
      | host | void answer | 3     | 00   |
      | T1   | void        | 3     |      |
      | host | void answer | 3     | 94   |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @VOI-005 @host-control @clock
  Scenario: Yesterday's sale is not voided
    When 24 hours pass
    And operator "01" logs in at "T1"
    And Bob has the 1st sale voided at "T1"
    Then "T1" shows ORIGINAL_NOT_FOUND
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | void        | 3     |      |
      | host | void answer | 3     | 25   |
    And Bob's card holds 4990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @VOI-006
  Scenario: A voucher of an earlier batch is not found at the till
    When the cashier signs out at "T1"
    And the cashier signs in at "T1"
    And Bob has the 1st sale voided at "T1"
    Then "T1" shows NO_ORIGINAL
    And the host has the 1st sale as approved

  @VOI-006 @host-control
  Scenario: The host voids nothing of an earlier batch
    When the cashier signs out at "T1"
    And the cashier signs in at "T1"
    And "T1" is made to send a void of the 1st sale
    Then the answer to the 1st void carries
      | field | value |
      | code  | 25    |
    And Bob's card holds 4990.00 CNY

  @VOI-006 @host-control
  Scenario: A till voids no other till's sale
    Given till "T2" of "Noodle House" has signed in
    When "T2" is made to send a void of the 1st sale
    Then the answer to the 1st void carries
      | field | value |
      | code  | 25    |
    And Bob's card holds 4990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @VOI-007 @host-control
  Scenario: Another card gets nothing for a void
    When Alice has the 1st sale voided at "T1"
    Then "T1" shows INVALID_CARD
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | void        | 3     |      |
      | host | void answer | 3     | 14   |
    And Alice's card holds 1000.00 CNY
    And Bob's card holds 4990.00 CNY

  @VOI-008
  Scenario: The till voids a sale once
    When Bob has the 1st sale voided at "T1"
    And Bob has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And "T1" shows UNDONE_ALREADY
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | void        | 3     |      |
      | host | void answer | 3     | 00   |

  @VOI-008 @host-control
  Scenario: The host voids a sale once
    When Bob has the 1st sale voided at "T1"
    And "T1" is made to send a void of the 1st sale
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | void        | 3     |      |
      | host | void answer | 3     | 00   |
      | T1   | void        | 4     |      |
      | host | void answer | 4     | 25   |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @VOI-009 @host-control
  Scenario: What was refunded in part is not voided
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And Bob has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And "T1" shows INVALID_TRANSACTION
    And these messages went over the wire
      | from | message       | trace | code |
      | T1   | refund        | 3     |      |
      | host | refund answer | 3     | 00   |
      | T1   | void          | 4     |      |
      | host | void answer   | 4     | 12   |
    And Bob's card holds 4994.00 CNY
    And "Noodle House" is owed 6.00 CNY

  @VOI-011 @host-control @clock @unionpay
  Scenario: The reversal of a void names the void, and no date where nothing was answered
    Given the line loses the answer to the 1st void
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows NO_ANSWER
    And the 1st reversal carries
      | field | value  |
      | trace | 000003 |
      | F37   |        |
      | F61.1 | 000001 |
      | F61.2 | 000003 |
      | F61.3 | 0000   |
    And Bob's card holds 4990.00 CNY

  @VOI-011 @host-control @unionpay
  Scenario: Where the host has answered, the reversal of a void has the date of the answer
    Given "T1" cannot write to its storage right after receiving the answer to the 1st void
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows STORAGE_FAILED
    And the 1st reversal carries
      | field     | value    |
      | code      | 96       |
      | auth_code | *        |
      | F61.1     | 000001   |
      | F61.2     | 000003   |
      | F61.3     | not 0000 |
    And Bob's card holds 4990.00 CNY
