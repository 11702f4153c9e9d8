Feature: An answer that is none
  "Timeout" is what most tills say to all of these. The till must not take any of them for an approval, must take the sale
  back, and must tell the technician which it was.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @WIR-002 @clock
  Scenario: Garbage in place of an answer
    Given the line turns the answer to the 1st sale into garbage
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BAD_ANSWER
    And the line trouble of "T1" is undecodable
    And "T1" has the 1st sale as reversed
    And the host has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

  @WIR-003 @clock
  Scenario Outline: The answer to somebody else: <what>
    Given the line changes <field> of the answer to the 1st sale to "<value>"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BAD_ANSWER
    And the line trouble of "T1" is unmatched
    And "T1" does not show APPROVED
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

    Examples:
      | what                 | field    | value    |
      | another trace number | trace    | 000999   |
      | another till         | terminal | 10000002 |

  @WIR-004
  Scenario: The line is cut in the middle of the answer
    Given the line breaks in the middle of the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And the line trouble of "T1" is cut-mid-frame
    And these messages went over the wire
      | from | message         | trace | code | note |
      | T1   | sale            | 2     |      |      |
      | host | sale answer     | 2     | 00   | cut  |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 00   |      |
    And Bob's card holds 5000.00 CNY

  @WIR-004
  Scenario: The line is cut in the middle of the request
    Given the line breaks in the middle of the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And these messages went over the wire
      | from | message         | trace | code | note |
      | T1   | sale            | 2     |      | cut  |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 00   |      |
    And the host has the 1st sale as tombstone
    And Bob's card holds 5000.00 CNY

  @WIR-004 @clock
  Scenario: Half an answer and then nothing
    Given the line announces the answer to the 1st sale as 300 bytes long
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And the line trouble of "T1" is partial-frame
    And "T1" does not show APPROVED
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

  @WIR-005
  Scenario: An answer that is announced longer than any message may be
    Given the line announces the answer to the 1st sale as 9000 bytes long
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BAD_ANSWER
    And the line trouble of "T1" is bad-frame
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY
