Feature: A chip says how its cardholder is verified
  The card's list of methods is gone through in its order, and the issuer hears which one was used and how it ended.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @KRN-011 @host-control
  Scenario: Who refuses one PIN is asked for no other
    Given Carol's chip holds
      | tag | value                        |
      | 8E  | 0000000000000000440341031E03 |
    When Carol inserts her card for 10.00 CNY at "T1" and enters no PIN
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "PIN pad present, PIN not entered; amount over the floor limit"
    And the cardholder verification of the 1st sale says "signature; unknown"

  @KRN-012 @host-control
  Scenario: A chip without PIN tries is not asked to compare one
    Given Carol's chip comes with 0 PIN tries left
    And Carol's chip holds
      | tag | value                    |
      | 8E  | 000000000000000041031E03 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" does not show ENTER_PIN
    And Carol's chip was given "VERIFY" 0 times
    And the terminal verification results of the 1st sale say "PIN try limit exceeded; amount over the floor limit"

  @KRN-012 @host-control
  Scenario: The last try is told, and a right PIN is right
    Given Carol's chip comes with 1 PIN try left
    And Carol's chip holds
      | tag | value                    |
      | 8E  | 000000000000000041031E03 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows LAST_PIN_TRY
    And "T1" shows APPROVED
    And the cardholder verification of the 1st sale says "plaintext PIN by the card; successful"

  @KRN-013 @host-control
  Scenario: A method that fails ends the verification where the card says so
    Given Carol's chip holds
      | tag | value                    |
      | 8E  | 000000000000000001031E03 |
    When Carol inserts her card for 10.00 CNY at "T1" and enters no PIN
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "cardholder verification not successful; PIN pad present, PIN not entered; amount over the floor limit"
    And the cardholder verification of the 1st sale says "plaintext PIN by the card; failed"

  @KRN-014 @host-control
  Scenario: A method that fails leaves the next one its chance where the card says so
    Given Carol's chip holds
      | tag | value                    |
      | 8E  | 000000000000000041031F03 |
    When Carol inserts her card for 10.00 CNY at "T1" and enters no PIN
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "PIN pad present, PIN not entered; amount over the floor limit"
    And the cardholder verification of the 1st sale says "no verification; successful"

  @KRN-015 @host-control
  Scenario: An amount in another currency is under no limit of the card's list
    Given Carol's chip holds
      | tag  | value                    |
      | 8E   | 00001388000000001F060203 |
      | 9F42 | 0840                     |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the cardholder verification of the 1st sale says "online PIN; unknown"

  @KRN-015 @host-control
  Scenario: An amount under the card's own limit needs no PIN
    Given Carol's chip holds
      | tag | value                    |
      | 8E  | 00001388000000001F060203 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" does not show ENTER_PIN
    And the cardholder verification of the 1st sale says "no verification; successful"

  @KRN-041 @host-control
  Scenario: A method for cash machines is not for a shop
    Given Carol's chip holds
      | tag | value                    |
      | 8E  | 000000000000000002011F03 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" does not show ENTER_PIN
    And the cardholder verification of the 1st sale says "no verification; successful"

  @KRN-042 @host-control
  Scenario: A till that takes no online PIN says so and goes on
    Given Carol's chip holds
      | tag | value                    |
      | 8E  | 000000000000000042001E03 |
    And the chip parameters of "T1" say
      | tag  | value  |
      | 9F33 | E0B8C8 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" does not show ENTER_PIN
    And the terminal verification results of the 1st sale say "PIN pad missing or not working; amount over the floor limit"
    And the cardholder verification of the 1st sale says "signature; unknown"

  @KRN-043 @host-control
  Scenario: A wrong PIN may be corrected while there are tries left
    Given Carol's chip holds
      | tag | value                    |
      | 8E  | 000000000000000041031E03 |
    When Carol inserts her card for 10.00 CNY at "T1" and enters a wrong PIN and then the right one
    Then "T1" shows APPROVED
    And Carol's chip was given "VERIFY" 2 times
    And the cardholder verification of the 1st sale says "plaintext PIN by the card; successful"

  @KRN-043 @host-control
  Scenario: After the last wrong PIN the next method has its chance
    Given Carol's chip holds
      | tag | value                    |
      | 8E  | 000000000000000041031E03 |
    When Carol inserts her card for 10.00 CNY at "T1" and enters no right PIN
    Then "T1" shows LAST_PIN_TRY
    And "T1" shows APPROVED
    And Carol's chip was given "VERIFY" 3 times
    And the terminal verification results of the 1st sale say "PIN try limit exceeded; amount over the floor limit"
    And the cardholder verification of the 1st sale says "signature; unknown"

  @KRN-044 @host-control
  Scenario: A PIN goes to the chip enciphered where the card wants it so
    Given Carol's chip holds
      | tag | value                    |
      | 8E  | 000000000000000044031E03 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "GET CHALLENGE" 1 time
    And the cardholder verification of the 1st sale says "enciphered PIN by the card; successful"

  @KRN-062 @host-control
  Scenario: A card that knows no verification is paid with without any
    Given Carol's chip holds
      | tag | value |
      | 82  | 2D00  |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" does not show ENTER_PIN
    And the cardholder verification of the 1st sale says "not performed; unknown"
