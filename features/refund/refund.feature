Feature: Refunding a sale
  The goods come back, today or weeks later: all of the price or a part of it, several times, and never more than was paid.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"

  @RFD-001 @host-control
  Scenario: A part of the price comes back
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message       | trace | code |
      | T1   | refund        | 3     |      |
      | host | refund answer | 3     | 00   |
    And Bob's card holds 4994.00 CNY
    And "Noodle House" is owed 6.00 CNY

  @RFD-001 @host-control
  Scenario: The rest comes back another time
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And Bob has 6.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @RFD-002 @host-control
  Scenario: Never more than was paid
    When Bob has 6.00 CNY of the 1st sale refunded at "T1"
    And Bob has 5.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows AMOUNT_LIMIT
    And these messages went over the wire
      | from | message       | trace | code |
      | T1   | refund        | 3     |      |
      | host | refund answer | 3     | 00   |
      | T1   | refund        | 4     |      |
      | host | refund answer | 4     | 61   |
    And Bob's card holds 4996.00 CNY
    And "Noodle House" is owed 4.00 CNY

  @RFD-003 @host-control
  Scenario: The same refund twice gives the money back once
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And "T1" is made to send the 1st refund again
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message       | trace | code |
      | T1   | refund        | 3     |      |
      | host | refund answer | 3     | 00   |
      | T1   | refund        | 3     |      |
      | host | refund answer | 3     | 00   |
    And Bob's card holds 4994.00 CNY
    And "Noodle House" is owed 6.00 CNY

  @RFD-004 @host-control @clock
  Scenario: The goods come back the next day
    When 24 hours pass
    And operator "01" logs in at "T1"
    And Bob has 10.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @RFD-004 @host-control @clock
  Scenario: The goods come back on the last day of the window
    When 30 days pass
    And operator "01" logs in at "T1"
    And Bob has 10.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 5000.00 CNY

  @RFD-004 @host-control @clock
  Scenario: A day later it is too late
    When 31 days pass
    And operator "01" logs in at "T1"
    And Bob has 10.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows CHECK_ORIGINAL
    And these messages went over the wire
      | from | message       | trace | code |
      | T1   | refund        | 3     |      |
      | host | refund answer | 3     | 22   |
    And Bob's card holds 4990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @RFD-005 @host-control
  Scenario: Another card gets no refund
    When Alice has 10.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows INVALID_CARD
    And these messages went over the wire
      | from | message       | trace | code |
      | T1   | refund        | 3     |      |
      | host | refund answer | 3     | 14   |
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @RFD-006 @host-control
  Scenario: What was never sold is not refunded
    When Bob has 10.00 CNY refunded at "T1" by reference number "999999999999"
    Then "T1" shows ORIGINAL_NOT_FOUND
    And these messages went over the wire
      | from | message       | trace | code |
      | T1   | refund        | 3     |      |
      | host | refund answer | 3     | 25   |
    And Bob's card holds 4990.00 CNY

  @RFD-006 @host-control
  Scenario: What was voided is not refunded
    When Bob has the 1st sale voided at "T1"
    And Bob has 10.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And "T1" shows ORIGINAL_NOT_FOUND
    And the answer to the 1st refund carries
      | field | value |
      | code  | 25    |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @RFD-001 @host-control
  Scenario: Exactly what was paid comes back, and not a fen more
    When Bob has 10.00 CNY of the 1st sale refunded at "T1"
    And Bob has 0.01 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And "T1" shows AMOUNT_LIMIT
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY
