Feature: Answers that come out of turn, or out of nowhere
  Concentrators queue, lines deliver late and twice, and whoever sits on one can give again what he has heard. A till takes the answer to
  its own request, whatever else comes, and nothing in its place.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @WIR-011
  Scenario: An answer that nobody asked for changes nothing
    Given the line brings one that nobody asked for before the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | code | note    |
      | T1   | sale        |      |         |
      | host | sale answer | 00   | unasked |
      | host | sale answer | 00   |         |
    And Bob's card holds 4990.00 CNY

  @WIR-011
  Scenario: A decline stays one behind an approval that nobody asked for
    Given Alice's debit card holds 15.00 CNY
    And Alice has paid 10.00 CNY at "T1"
    And the line brings one that nobody asked for before the answer to the 2nd sale
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows INSUFFICIENT_FUNDS

  @WIR-012 @clock
  Scenario: An old approval is none for the sale that is declined
    Given Alice's debit card holds 15.00 CNY
    And Alice has paid 10.00 CNY at "T1"
    And the line replays the last one in place of the answer to the 2nd sale
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows NO_ANSWER
    And "T1" does not show APPROVED
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 3     |      |           |
      | host | sale answer     | 3     | 51   | replayed  |
      | T1   | reversal        | 3     | 98   | after 60s |
      | host | reversal answer | 3     | 00   |           |
    And Alice's card holds 5.00 CNY

  @WIR-012 @clock
  Scenario: An old request in place of a new one moves no money
    Given Bob has paid 10.00 CNY at "T1"
    And the line replays the last one in place of the 2nd sale
    When Bob swipes 20.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 3     |      | replayed  |
      | host | sale answer     | 2     | 94   |           |
      | T1   | reversal        | 3     | 98   | after 60s |
      | host | reversal answer | 3     | 00   |           |
    And Bob's card holds 4990.00 CNY

  @REV-005 @clock
  Scenario: The reversal's answer overtakes that of the sale
    Given the line delivers the answer to the 1st sale behind the next one
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" does not show APPROVED
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 2     |      |           |
      | host | sale answer     | 2     | 00   | overtaken |
      | T1   | reversal        | 2     | 98   | after 60s |
      | host | reversal answer | 2     | 00   |           |
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

  @REV-004 @clock
  Scenario: The reversal overtakes its sale
    Given the line delivers the 1st sale behind the next one
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 2     |      | overtaken |
      | T1   | reversal        | 2     | 98   | after 60s |
      | host | reversal answer | 2     | 00   |           |
      | host | sale answer     | 2     | 94   |           |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @WIR-001 @clock
  Scenario: A late answer in one piece with the reversal's is read as two
    Given the line delivers the answer to the 1st sale in one piece with the next one
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY
