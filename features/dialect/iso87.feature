Feature: ISO 8583:1987 in ASCII
  The same till and the same host in another dialect: other message types, the original in F90, keys that change in mid-session.

  Background:
    Given the host and its tills speak "iso87-ascii"
    And till "T1" of "Noodle House" has signed in

  @ISO-001 @host-control
  Scenario: New keys come without a sign-in
    Given Bob has paid 10.00 CNY at "T1"
    When the cashier asks for new keys at "T1"
    And Alice swipes 20.00 CNY at "T1" and enters her PIN
    Then "T1" shows KEYS_CHANGED
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message           | MTI  | F70 | batch  | code | mac |
      | T1   | key-change        | 0800 | 101 | 000001 |      |     |
      | host | key-change answer | 0810 | 101 |        | 00   |     |
      | T1   | sale              | 0200 |     | 000001 |      | *   |
      | host | sale answer       | 0210 |     | 000001 | 00   | *   |
    And the answer to the 1st key-change carries
      | field | value |
      | keys  | *     |
    And Alice's card holds 980.00 CNY

  @ISO-002 @host-control @clock
  Scenario: A key change that is not answered takes the sign-in away
    Given the line loses the answer to the 1st key-change
    When the cashier asks for new keys at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" is signed off

  @ISO-002 @host-control @clock
  Scenario: After it the till signs in and sells
    Given the line loses the answer to the 1st key-change
    When the cashier asks for new keys at "T1"
    And the cashier signs in at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY

  @ISO-003 @host-control @clock
  Scenario: A reversal names its original in F90, and is marked when it is sent again
    Given the line breaks before the answer to the 1st sale
    And the line loses the answer to the 1st reversal
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message         | MTI  | trace | code | F56 | F90.1 | F90.2  |
      | T1   | sale            | 0200 | 2     |      |     |       |        |
      | host | sale answer     | 0210 | 2     | 00   |     |       |        |
      | T1   | reversal        | 0420 | 2     | 98   | 98  | 0200  | 000002 |
      | host | reversal answer | 0430 | 2     | 00   |     | 0200  | 000002 |
      | T1   | reversal        | 0421 | 2     | 98   | 98  | 0200  | 000002 |
      | host | reversal answer | 0430 | 2     | 00   |     | 0200  | 000002 |
    And Bob's card holds 5000.00 CNY

  @ISO-003 @host-control @clock
  Scenario: A refund that is not answered goes again as an 0221
    Given Bob has paid 10.00 CNY at "T1"
    And the line loses the answer to the 1st refund
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message       | MTI  | trace | code | original_rrn |
      | T1   | refund        | 0220 | 3     |      | *            |
      | host | refund answer | 0230 | 3     | 00   |              |
      | T1   | refund        | 0221 | 3     |      | *            |
      | host | refund answer | 0230 | 3     | 00   |              |
    And Bob's card holds 4994.00 CNY
    And "Noodle House" is owed 6.00 CNY

  @ISO-004 @host-control
  Scenario: A host that is asked takes a payment back as one that is told
    When "T1" is made to send a sale with amount "000000001000"
    And "T1" is made to send a reversal-request of the 1st sale
    And "T1" is made to send the 1st reversal-request again
    Then these messages went over the wire
      | from | message                 | MTI  | trace | code | F90.1 | F90.2  |
      | T1   | sale                    | 0200 | 2     |      |       |        |
      | host | sale answer             | 0210 | 2     | 00   |       |        |
      | T1   | reversal-request        | 0400 | 2     | 98   | 0200  | 000002 |
      | host | reversal-request answer | 0410 | 2     | 00   | 0200  | 000002 |
      | T1   | reversal-request        | 0400 | 2     | 98   | 0200  | 000002 |
      | host | reversal-request answer | 0410 | 2     | 00   | 0200  | 000002 |
    And the host has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @FBK-009 @host-control
  Scenario: Track 1 goes beside track 2
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field   | value |
      | track_1 | *     |
      | track_2 | *     |
    And Bob's card holds 4990.00 CNY

  @FBK-009 @host-control
  Scenario: Track 1 pays where track 2 cannot be read
    Given Bob's stripe is scratched on track 2
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field      | value            |
      | entry_mode | 022              |
      | pan        | 620012******0432 |
      | expiry     | 3012             |
      | track_1    | *                |
      | track_2    |                  |
    And Bob's card holds 4990.00 CNY

  @FBK-009 @host-control
  Scenario: A track 1 that cannot be read is not sent
    Given Bob's stripe is scratched on track 1
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field   | value |
      | track_1 |       |
      | track_2 | *     |
    And Bob's card holds 4990.00 CNY
