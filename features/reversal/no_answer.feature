Feature: A sale whose answer does not come
  A till that never saw the approval must not let the cardholder pay. In the field: double debit after a dropped line.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Alice's debit card holds 50.00 CNY

  @REV-001 @clock
  Scenario: The till reverses what it never saw approved
    Given the line loses the answer to the 1st sale
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows NO_ANSWER
    And "T1" does not show APPROVED
    And "T1" prints no receipts
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 2     |      |           |
      | host | sale answer     | 2     | 00   | lost      |
      | T1   | reversal        | 2     | 98   | after 60s |
      | host | reversal answer | 2     | 00   |           |
    And "T1" has the 1st sale as reversed
    And the host has the 1st sale as reversed
    And Alice's card holds 50.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @REV-001
  Scenario: The line breaks before the answer
    Given the line breaks before the answer to the 1st sale
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows LINE_CUT
    And these messages went over the wire
      | from | message         | trace | code | note |
      | T1   | sale            | 2     |      |      |
      | host | sale answer     | 2     | 00   | cut  |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 00   |      |
    And the host has the 1st sale as reversed
    And Alice's card holds 50.00 CNY

  @REV-002
  Scenario: The reversal names its original exactly
    Given the line breaks before the answer to the 1st sale
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows LINE_CUT
    And the 1st reversal carries
      | field           | value            |
      | pan             | 620012******8862 |
      | processing_code | 000000           |
      | amount          | 000000001000     |
      | trace           | 000002           |
      | code            | 98               |
      | pin             |                  |
      | batch           | 000001           |
      | mac             | *                |

  @REV-002 @unionpay
  Scenario: In UnionPay's layout the reversal has its original's type and number
    Given the line breaks before the answer to the 1st sale
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows LINE_CUT
    And the 1st reversal carries
      | field           | value  |
      | MTI             | 0400   |
      | processing_code | 000000 |
      | trace           | 000002 |
      | F39             | 98     |
      | F60.1           | 22     |
      | batch           | 000001 |

  @REV-003 @clock
  Scenario: A request that never arrived is reversed too, and nobody pays
    Given the line loses the 1st sale
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 2     |      | lost      |
      | T1   | reversal        | 2     | 98   | after 60s |
      | host | reversal answer | 2     | 00   |           |
    And "T1" has the 1st sale as reversed
    And the host has the 1st sale as tombstone
    And Alice's card holds 50.00 CNY

  @REV-004 @clock
  Scenario: An original that comes after its reversal is refused
    Given the line delays the 1st sale by 90 seconds
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 2     |      | late      |
      | T1   | reversal        | 2     | 98   | after 60s |
      | host | reversal answer | 2     | 00   |           |
      | host | sale answer     | 2     | 94   |           |
    And "T1" does not show APPROVED
    And Alice's card holds 50.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @REV-005 @clock
  Scenario: An answer that comes after the reversal changes nothing
    Given the line delays the answer to the 1st sale by 90 seconds
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows NO_ANSWER
    And "T1" does not show APPROVED
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 2     |      |           |
      | host | sale answer     | 2     | 00   | late      |
      | T1   | reversal        | 2     | 98   | after 60s |
      | host | reversal answer | 2     | 00   |           |
    And "T1" has the 1st sale as reversed
    And Alice's card holds 50.00 CNY

  @REV-005 @clock
  Scenario: An answer that is slow but in time is an answer
    Given the line delays the answer to the 1st sale by 50 seconds
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And Alice's card holds 40.00 CNY

  @REV-006
  Scenario: Nothing is reversed when nothing was sent
    Given the line refuses connections
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows NO_CONNECTION
    And no message went to the host
    And Alice's card holds 50.00 CNY

  @REV-006
  Scenario: The sale after a refused connection meets no reversal
    Given the line refuses connections
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    And the line works again
    And Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows NO_CONNECTION
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | code |
      | T1   | sale        |      |
      | host | sale answer | 00   |
    And Alice's card holds 40.00 CNY

  @REV-006
  Scenario: A refused sale is not reversed
    When Dave swipes 10.00 CNY at "T1"
    Then "T1" shows KEEP_CARD
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 41   |

  @REV-011 @host-control
  Scenario Outline: A reversal answered <code> is settled and not sent again
    Given the line breaks before the 1st sale
    And the host answers the 1st reversal with "<code>"
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message         | trace | code   | note |
      | T1   | sale            | 2     |        | cut  |
      | T1   | reversal        | 2     | 98     |      |
      | host | reversal answer | 2     | <code> |      |
      | T1   | sale            | 3     |        |      |
      | host | sale answer     | 3     | 00     |      |
    And "T1" has the 1st sale as reversed

    Examples:
      | code |
      | 12   |
      | 25   |
