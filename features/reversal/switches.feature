Feature: Reversals at hosts that differ
  Some hosts answer 25 where others answer 00. To the till both are the last word.

  @REV-003 @host-control
  Scenario Outline: A reversal of what the host never saw is answered <code>
    Given the host and its tills agree that "unknown_reversal" is "<code>"
    And till "T1" of "Noodle House" has signed in
    And the line breaks before the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And the answer to the 1st reversal carries
      | field | value  |
      | code  | <code> |
    And "T1" has the 1st sale as reversed
    And the host has the 1st sale as tombstone
    And Bob's card holds 5000.00 CNY

    Examples:
      | code |
      | 00   |
      | 25   |

  @REV-016 @host-control
  Scenario: A second reversal is answered 25 where the host has said so
    Given the host and its tills agree that "reversed_again" is "25"
    And till "T1" of "Noodle House" has signed in
    And the line breaks before the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    And "T1" is made to send the 1st reversal again
    Then "T1" shows LINE_CUT
    And these messages went over the wire
      | from | message         | trace | code | note |
      | T1   | sale            | 2     |      |      |
      | host | sale answer     | 2     | 00   | cut  |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 00   |      |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 25   |      |
    And Bob's card holds 5000.00 CNY
