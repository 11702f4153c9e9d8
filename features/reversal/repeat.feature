Feature: A reversal that does not get through
  The line that lost the sale's answer often loses the reversal as well. The reversal must come again, take effect once,
  and end on somebody's desk when it cannot get through at all.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And the line breaks before the answer to the 1st sale

  @REV-007 @clock
  Scenario: A reversal whose answer was lost is sent again and takes effect once
    Given the line loses the answer to the 1st reversal
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows LINE_CUT
    And "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 2     |      |           |
      | host | sale answer     | 2     | 00   | cut       |
      | T1   | reversal        | 2     | 98   |           |
      | host | reversal answer | 2     | 00   | lost      |
      | T1   | reversal        | 2     | 98   | after 60s |
      | host | reversal answer | 2     | 00   |           |
    And "T1" has the 1st sale as reversed
    And the host has the 1st sale as reversed
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @REV-007 @clock
  Scenario: A reversal that was lost itself is sent again
    Given the line loses the 1st reversal
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows LINE_CUT
    And "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 2     |      |           |
      | host | sale answer     | 2     | 00   | cut       |
      | T1   | reversal        | 2     | 98   | lost      |
      | T1   | reversal        | 2     | 98   | after 60s |
      | host | reversal answer | 2     | 00   |           |
    And Alice's card holds 1000.00 CNY

  @REV-008 @clock
  Scenario: After three attempts the till gives up and says so
    Given the line loses every reversal
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows REVERSAL_GIVEN_UP
    And "T1" shows LINE_CUT
    And "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message     | trace | code | note |
      | T1   | sale        | 2     |      |      |
      | host | sale answer | 2     | 00   | cut  |
      | T1   | reversal    | 2     | 98   | lost |
      | T1   | reversal    | 2     | 98   | lost |
      | T1   | reversal    | 2     | 98   | lost |
    And "T1" has the 1st sale as exception
    And Alice's card holds 990.00 CNY

  @REV-008 @clock
  Scenario: A reversal that was given up does not stop the next sale
    Given the line loses every reversal
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows REVERSAL_GIVEN_UP
    And "T1" shows LINE_CUT
    And "T1" shows NO_ANSWER
    And "T1" shows APPROVED
    And "T1" has the 1st sale as exception
    And Bob's card holds 4980.00 CNY

  @REV-009 @host-control
  Scenario: A reversal that the host could not process goes out again before the next sale
    Given the host answers the 1st reversal with "96"
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows SYSTEM_MALFUNCTION
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message         | trace | code | note |
      | T1   | sale            | 2     |      |      |
      | host | sale answer     | 2     | 00   | cut  |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 96   |      |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 00   |      |
      | T1   | sale            | 3     |      |      |
      | host | sale answer     | 3     | 00   |      |
    And Alice's card holds 1000.00 CNY
    And Bob's card holds 4980.00 CNY

  @REV-009
  Scenario: A line that cuts the reversal as well is tried again at once
    Given the line breaks before the 1st reversal
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows LINE_CUT
    And these messages went over the wire
      | from | message         | trace | code | note |
      | T1   | sale            | 2     |      |      |
      | host | sale answer     | 2     | 00   | cut  |
      | T1   | reversal        | 2     | 98   | cut  |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 00   |      |
    And Alice's card holds 1000.00 CNY

  @REV-010
  Scenario: A waiting reversal outlives the power
    Given "T1" loses its power right after sending the 1st reversal
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    And "T1" starts again
    Then "T1" shows LINE_CUT
    And "T1" has the 1st sale as reversed
    And the host has the 1st sale as reversed
    And Alice's card holds 1000.00 CNY

  @REV-023 @host-control
  Scenario: What is owed is sent before the till signs out
    Given the host answers the 1st reversal with "96"
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    And the cashier signs out at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows SIGNED_OUT
    And these messages went over the wire
      | from | message         | trace | code | note |
      | T1   | sale            | 2     |      |      |
      | host | sale answer     | 2     | 00   | cut  |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 96   |      |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 00   |      |
      | T1   | sign-out        | 3     |      |      |
      | host | sign-out answer | 3     | 00   |      |
    And Alice's card holds 1000.00 CNY
