Feature: Advices that are not answered
  A refund, or the completion of a deposit by advice, tells the host what has happened. It is never reversed: it is sent again, as
  it was, until the host has answered.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"

  @ADV-001 @host-control @clock
  Scenario: A refund without an answer goes again under its own number
    Given the line loses the answer to the 1st refund
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message       | trace | code | amount       | note      |
      | T1   | refund        | 3     |      | 000000000400 |           |
      | host | refund answer | 3     | 00   | 000000000400 | lost      |
      | T1   | refund        | 3     |      | 000000000400 | after 60s |
      | host | refund answer | 3     | 00   | 000000000400 |           |
    And Bob's card holds 4994.00 CNY
    And "Noodle House" is owed 6.00 CNY

  @ADV-002 @host-control @clock
  Scenario: A refund that three attempts did not deliver waits for the next order
    Given the line loses every refund
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And the line works again
    And Bob swipes 1.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" shows ADVICE_DELIVERED
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message       | trace | code | note |
      | T1   | refund        | 3     |      | lost |
      | T1   | refund        | 3     |      | lost |
      | T1   | refund        | 3     |      | lost |
      | T1   | refund        | 3     |      |      |
      | host | refund answer | 3     | 00   |      |
      | T1   | sale          | 4     |      |      |
      | host | sale answer   | 4     | 00   |      |
    And Bob's card holds 4993.00 CNY
    And "Noodle House" is owed 7.00 CNY

  @ADV-002 @host-control @clock
  Scenario: While it cannot be delivered the till does not go on
    Given the line loses every refund
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And Bob swipes 1.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" shows ADVICE_PENDING
    And Bob's card holds 4990.00 CNY

  @ADV-003 @host-control
  Scenario: A refund that waits outlives the power
    Given "T1" loses its power right after sending the 1st refund
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And "T1" starts again
    Then "T1" shows ADVICE_DELIVERED
    And "T1" has the 1st refund as approved
    And Bob's card holds 4994.00 CNY

  @ADV-003 @host-control @clock
  Scenario: It is taken in a later batch too
    Given the line loses every refund
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And the host has opened batch "000002" for "T1"
    And the line works again
    And the cashier signs in at "T1"
    And Bob swipes 1.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" shows ADVICE_DELIVERED
    And "T1" shows APPROVED
    And "T1" works in batch "000002"
    And Bob's card holds 4993.00 CNY

  @ADV-004 @host-control @clock
  Scenario: The issuer hears of a refund when it can be reached again
    Given the host is cut off from the issuer
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And the host is working again
    And 2 minutes pass
    Then "T1" shows APPROVED
    And Bob's card holds 4994.00 CNY
    And "Noodle House" is owed 6.00 CNY

  @ADV-005 @host-control
  Scenario: A completion that finds no line is kept, and delivered before the next order
    Given Alice leaves a deposit of 100.00 CNY at "T1"
    And the line refuses connections
    When Alice has the 1st pre-auth completed with 90.00 CNY at "T1" by advice
    And the line works again
    And Bob swipes 1.00 CNY at "T1"
    Then "T1" shows ADVICE_KEPT
    And "T1" shows ADVICE_DELIVERED
    And "T1" shows APPROVED
    And Alice's card holds 910.00 CNY
    And "Noodle House" is owed 101.00 CNY
