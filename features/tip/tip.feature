Feature: The tip on the slip
  The card has gone back to the guest when he writes his tip. The till sends the sale another amount: the sale and the tip, and nothing else,
  stand in every book.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @TIP-001 @host-control
  Scenario: The sale costs what was eaten and what was written
    Given Bob has paid 10.00 CNY at "T1"
    When Bob adds a tip of 1.50 CNY to the 1st sale at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message    | trace | amount       | code |
      | T1   | tip        | 3     | 000000001150 |      |
      | host | tip answer | 3     | 000000001150 | 00   |
    And the 1st tip carries
      | field          | value  |
      | original_trace | 000002 |
    And the customer copy of "T1" has
      | line        | value     |
      | SLIP_AMOUNT | 10.00 CNY |
      | SLIP_TIP    | 1.50 CNY  |
      | SLIP_TOTAL  | 11.50 CNY |
    And Bob's card holds 4988.50 CNY
    And "Noodle House" is owed 11.50 CNY

  @TIP-001 @unionpay
  Scenario: UnionPay's message tells how much of it is tip
    Given Bob has paid 10.00 CNY at "T1"
    When Bob adds a tip of 1.50 CNY to the 1st sale at "T1"
    Then "T1" shows APPROVED
    And the 1st tip carries
      | field           | value |
      | settlement_data | *     |
      | auth_code       | *     |

  @TIP-001 @host-control
  Scenario: A tip on an offline sale that has not left goes with it
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    When Bob adds a tip of 1.00 CNY to his offline sale at "T1"
    And Bob swipes 5.00 CNY at "T1"
    Then "T1" shows CHANGED_HERE
    And these messages went over the wire
      | from | message             | trace | amount       | code |
      | T1   | offline-sale        | 2     | 000000001100 |      |
      | host | offline-sale answer | 2     | 000000001100 | 00   |
      | T1   | sale                | 3     | 000000000500 |      |
      | host | sale answer         | 3     | 000000000500 | 00   |
    And Bob's card holds 4984.00 CNY
    And "Noodle House" is owed 16.00 CNY

  @TIP-001 @clock @host-control
  Scenario: A tip that finds no line waits, and counts once
    Given Bob has paid 10.00 CNY at "T1"
    And the line loses the answer to every tip
    And Bob adds a tip of 1.50 CNY to the 1st sale at "T1"
    And the line works again
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows ADVICE_DELIVERED
    And Bob's card holds 4983.50 CNY
    And "Noodle House" is owed 16.50 CNY

  @TIP-002
  Scenario: The till takes no tip over its limit
    Given Bob has paid 10.00 CNY at "T1"
    When Bob adds a tip of 2.01 CNY to the 1st sale at "T1"
    Then "T1" shows TIP_OVER_LIMIT
    And no message went to the host

  @TIP-002
  Scenario: A tip at the limit is taken
    Given Bob has paid 10.00 CNY at "T1"
    When Bob adds a tip of 2.00 CNY to the 1st sale at "T1"
    Then "T1" shows APPROVED

  @TIP-002
  Scenario: A till that takes no tips
    Given "T1" takes no tips
    And Bob has paid 10.00 CNY at "T1"
    When Bob adds a tip of 0.01 CNY to the 1st sale at "T1"
    Then "T1" shows NO_TIPS
    And no message went to the host

  @TIP-003 @host-control
  Scenario: The host has a limit of its own
    Given "T1" takes tips of up to 50 percent
    And Bob has paid 10.00 CNY at "T1"
    When Bob adds a tip of 2.01 CNY to the 1st sale at "T1"
    Then "T1" shows AMOUNT_LIMIT
    And these messages went over the wire
      | from | message    | trace | code |
      | T1   | tip        | 3     |      |
      | host | tip answer | 3     | 61   |
    And Bob's card holds 4990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @TIP-004 @host-control
  Scenario: A second tip takes the place of the first
    Given Bob has paid 10.00 CNY at "T1"
    And Bob adds a tip of 1.00 CNY to the 1st sale at "T1"
    When Bob adds a tip of 0.50 CNY to the 1st sale at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4989.50 CNY
    And "Noodle House" is owed 10.50 CNY

  @TIP-008 @host-control
  Scenario: A tip is added to what an adjustment has left
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    And Bob's offline sale is adjusted to 8.00 CNY at "T1"
    And Bob swipes 5.00 CNY at "T1"
    When Bob adds a tip of 1.00 CNY to his offline sale at "T1"
    Then "T1" shows APPROVED
    And the customer copy of "T1" has
      | line        | value    |
      | SLIP_AMOUNT | 8.00 CNY |
      | SLIP_TIP    | 1.00 CNY |
      | SLIP_TOTAL  | 9.00 CNY |
    And Bob's card holds 4986.00 CNY
    And "Noodle House" is owed 14.00 CNY

  @TIP-005 @host-control
  Scenario: The void of a tipped sale takes the tip back too
    Given Bob has paid 10.00 CNY at "T1"
    And Bob adds a tip of 1.50 CNY to the 1st sale at "T1"
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | amount       | code |
      | T1   | void        | 4     | 000000001150 |      |
      | host | void answer | 4     | 000000001150 | 00   |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @TIP-006 @host-control
  Scenario: A tipped sale is given back up to what it cost with the tip
    Given Bob has paid 10.00 CNY at "T1"
    And Bob adds a tip of 1.50 CNY to the 1st sale at "T1"
    When Bob has 11.50 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @TIP-007 @host-control
  Scenario: A sale that was voided takes no tip
    Given Bob has paid 10.00 CNY at "T1"
    And Bob has the 1st sale voided at "T1"
    When Bob adds a tip of 1.50 CNY to the 1st sale at "T1"
    Then "T1" shows UNDONE_ALREADY
    And no message went to the host
    And Bob's card holds 5000.00 CNY
