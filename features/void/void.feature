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
