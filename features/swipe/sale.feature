Feature: A sale by stripe
  The everyday purchase: the cardholder swipes, enters a PIN where the card asks for one, and the money moves once.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SWP-001
  Scenario: An approved sale moves the money once, and everybody agrees
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code | note |
      | T1   | sale        | 2     |      |      |
      | host | sale answer | 2     | 00   |      |
    And "T1" has the 1st sale as approved
    And the host has the 1st sale as approved
    And Alice's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @SWP-002
  Scenario: A sale with a PIN says so on the wire
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field            | value            |
      | processing_code  | 000000           |
      | amount           | 000000001000     |
      | entry_mode       | 021              |
      | condition        | 00               |
      | track_2          | *                |
      | currency         | 156              |
      | pin              | *                |
      | security_control | 2600000000000000 |
      | batch            | 000001           |
      | mac              | *                |

  @SWP-002 @unionpay
  Scenario: In UnionPay's layout the sale has its places
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field | value            |
      | MTI   | 0200             |
      | F22   | 021              |
      | F26   | 06               |
      | F53   | 2600000000000000 |
      | F60.1 | 22               |
      | F60.2 | 000001           |
      | F60.3 | 000              |

  @SWP-002
  Scenario: A sale without a PIN carries no trace of one
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field            | value            |
      | entry_mode       | 022              |
      | pin_capture      |                  |
      | track_2          | *                |
      | pin              |                  |
      | security_control | 0600000000000000 |

  @SWP-003
  Scenario: The till asks for a PIN when the stripe says so
    When Alice swipes 10.00 CNY at "T1"
    Then "T1" is waiting for the PIN
    And no message went to the host

  @SWP-003
  Scenario: The cardholder may still say no at the PIN
    When Alice swipes 10.00 CNY at "T1" and cancels at the PIN
    Then "T1" shows CANCELLED
    And no message went to the host
    And Alice's card holds 1000.00 CNY

  @SWP-004
  Scenario: Two sales in a row are two payments
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 00   |
      | T1   | sale        | 3     |      |
      | host | sale answer | 3     | 00   |
    And Bob's card holds 4980.00 CNY
    And "Noodle House" is owed 20.00 CNY

  @SWP-004
  Scenario: Two tills of one shop use the same trace number and are not mixed up
    Given till "T2" of "Noodle House" has signed in
    When Bob swipes 10.00 CNY at "T1"
    And Alice swipes 20.00 CNY at "T2" and enters her PIN
    Then "T1" shows APPROVED
    And "T2" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code | terminal |
      | T1   | sale        | 2     |      | 10000001 |
      | host | sale answer | 2     | 00   | 10000001 |
      | T2   | sale        | 2     |      | 10000002 |
      | host | sale answer | 2     | 00   | 10000002 |
    And Bob's card holds 4990.00 CNY
    And Alice's card holds 980.00 CNY
    And "Noodle House" is owed 30.00 CNY

  @SWP-004
  Scenario: The trace number wraps and never is zero
    Given the next trace number of "T1" is 999999
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace  | code |
      | T1   | sale        | 999999 |      |
      | host | sale answer | 999999 | 00   |
      | T1   | sale        | 1      |      |
      | host | sale answer | 1      | 00   |
    And Bob's card holds 4970.00 CNY

  @SWP-005
  Scenario: The last fen may be spent
    Given Alice's debit card holds 10.00 CNY
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And Alice's card holds 0.00 CNY

  @SWP-005
  Scenario: One fen more than there is may not
    Given Alice's debit card holds 10.00 CNY
    When Alice swipes 10.01 CNY at "T1" and enters her PIN
    Then "T1" shows INSUFFICIENT_FUNDS
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 51   |
    And "T1" has the 1st sale as declined
    And the host has the 1st sale as declined
    And Alice's card holds 10.00 CNY
    And "Noodle House" is owed 0.00 CNY
